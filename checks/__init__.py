"""What aiblint knows about image templates: one module per topic, one function per check.

| where | what its checks look at |
|---|---|
| here | the template: the file, its shape, its meaning, the sequence of its steps, what it trusts |
| `scripts` | scripts of both kinds: what they do to the build and to the image |
| `shell`, `windows` | scripts of one kind |
| `live` | the real subscription |
| `data`, `tables` | knowledge that several checks rest on |

A new check is a function in the module of its topic and a name in the list of its folder's `__init__.py`. Its docstring
is its page.
"""

from __future__ import annotations

from importlib import import_module

from aiblint.finding import Check
from aiblint.light import TYPE_CHECKING

from . import (
    api_version,
    build_vm,
    customizers,
    distribute,
    error_handling,
    file,
    files,
    identity,
    location,
    network,
    parameters,
    permissions,
    resource_ids,
    restarts,
    secrets,
    shape,
    source,
    staging,
    tags,
    timeouts,
    triggers,
    updates,
    uris,
    validate,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

CHECKS: tuple[Check, ...] = (
    # AIB0xx: the file
    file.syntax_error,
    file.undecodable_text,
    file.duplicate_key,
    file.trailing_comma,
    file.unresolved_placeholder,
    file.broken_expression,
    api_version.unknown_api_version,
    api_version.assumed_api_version,
    file.unused_suppression,
    api_version.retired_api_version,
    file.file_limits,
    api_version.api_version_in_body,
    file.unevaluated_expression,
    file.unintended_escape,
    parameters.parameter_value,
    # AIB1xx: the shape
    shape.unknown_property,
    shape.wrong_case,
    shape.missing_property,
    shape.wrong_type,
    shape.invalid_value,
    shape.read_only_property,
    shape.template_name,
    # AIB2xx: the meaning of the template
    identity.missing_identity,
    identity.several_identities,
    resource_ids.malformed_resource_id,
    source.incomplete_source,
    source.source_region_mismatch,
    source.source_version,
    source.out_of_support_image,
    source.generation_mismatch,
    source.hardened_source,
    source.pinned_source_version,
    location.unsupported_location,
    build_vm.small_build_vm,
    build_vm.vm_size_generation,
    build_vm.os_disk_too_small,
    network.container_subnet_rules,
    network.proxy_and_container_subnet,
    network.private_link_policy,
    timeouts.build_timeout_range,
    distribute.duplicate_run_output,
    timeouts.build_timeout_too_short,
    distribute.nothing_to_distribute,
    distribute.replication_and_target_regions,
    distribute.home_region_missing,
    distribute.gallery_image_version,
    distribute.versioning_rules,
    distribute.vhd_without_uri,
    distribute.distant_managed_image,
    staging.staging_group_rules,
    staging.shared_staging_group,
    triggers.trigger_rules,
    validate.validation_rules,
    error_handling.abort_leaves_cost,
    permissions.role_assignment_race,
    tags.tag_rules,
    distribute.misspelt_region,
    # AIB3xx: the sequence of customizers
    restarts.no_final_restart,
    restarts.restart_before_update,
    updates.update_filters_install_nothing,
    restarts.restart_timeout_format,
    restarts.short_restart_timeout,
    restarts.restart_check_command,
    restarts.sysprep_race,
    updates.update_filter_expression,
    updates.endless_update,
    customizers.os_customizer_mismatch,
    customizers.inline_and_uri,
    customizers.no_script,
    customizers.run_as_system_unelevated,
    customizers.elevated_without_system,
    customizers.exit_codes_without_zero,
    customizers.inline_read_as_expression,
    customizers.nothing_to_customize,
    customizers.duplicate_step_name,
    files.file_destination,
    files.large_file,
    customizers.inline_loses_bracket,
    # AIB4xx: scripts of the shell, and what goes for scripts of both kinds
    timeouts.sleep_against_timeout,
    build_vm.large_download_on_small_vm,
    # AIB6xx: secrets and supply chain
    secrets.sas_in_template,
    secrets.sas_expired,
    secrets.secret_in_inline,
    uris.mutable_script_uri,
    uris.missing_checksum,
    uris.checksum_format,
    uris.github_page_uri,
    uris.unusable_uri,
    secrets.secret_in_parameter,
    secrets.sas_without_read,
    secrets.token_in_uri,
    uris.stale_checksum,
)

# Imported only if a run needs them: a template without scripts does not pay for what is known of them.
PARTS = ("scripts", "shell", "windows", "live")


def load(parts: Iterable[str] = PARTS) -> tuple[Check, ...]:
    """The checks of the template and those of these parts, in the order of their ids."""
    listed = [*CHECKS]
    for part in parts:
        listed += import_module(f"{__name__}.{part}").CHECKS
    return tuple(sorted(listed, key=lambda check: check.id))
