"""Live checks (`--live`): what only the real subscription can tell, read-only. One module for each topic.

Each yields a verdict on all that it asks: `Holds`, a `Finding`, or a `Finding` with a reason in `unchecked`.
"""

from aiblint.finding import Check

from . import (
    galleries,
    networks,
    policy,
    remote_files,
    rights,
    sources,
    staging,
    state,
    subscription,
)

CHECKS: tuple[Check, ...] = (
    # AIB7xx: permissions
    rights.cannot_read_source,
    # AIB8xx: everything else
    sources.source_not_found,
    sources.source_not_in_region,
    sources.source_deprecated,
    sources.plan_not_accepted,
    sources.source_security_type,
    sources.generation_mismatch_live,
    sources.architecture_mismatch,
    sources.source_not_generalized,
    sources.system_mismatch,
    sources.disk_smaller_than_source,
    galleries.gallery_not_found,
    galleries.version_already_exists,
    galleries.target_region_unavailable,
    galleries.definition_lacks_plan,
    galleries.definition_elsewhere,
    subscription.location_not_offered,
    subscription.provider_not_registered,
    subscription.vm_size_unavailable,
    subscription.quota_exceeded,
    subscription.container_quota_exceeded,
    networks.subnet_policies,
    networks.subnet_delegation,
    networks.subnet_region,
    networks.no_outbound,
    networks.subnet_not_found,
    networks.network_blocks_build,
    staging.staging_group_not_empty,
    staging.staging_group_elsewhere,
    state.template_exists,
    state.trigger_state,
    remote_files.file_not_found,
    remote_files.file_too_large,
    remote_files.checksum_mismatch,
    remote_files.storage_firewall,
    remote_files.script_changed,
    policy.policy_denies,
    policy.policy_alters_build,
)
