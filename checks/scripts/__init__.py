"""Scripts of both kinds: what they do to the build and to the image, whatever language they are written in."""

from aiblint.finding import Check

from . import (
    build_identity,
    deprovisioning,
    downloads,
    files,
    firewall,
    misread,
    overrides,
    reboots,
    script_files,
    secrets,
    temporary_files,
    waiting,
)

CHECKS: tuple[Check, ...] = (
    # AIB4xx: scripts of the shell, and what goes for scripts of both kinds
    firewall.firewall_blocks_build,
    reboots.reboot_in_script,
    temporary_files.deprovisioning_script_removed,
    overrides.deprovisioning_script_weakened,
    deprovisioning.own_generalization,
    deprovisioning.guest_agent_disabled,
    temporary_files.noexec_tmp,
    script_files.script_encoding,
    waiting.background_process,
    waiting.endless_wait,
    build_identity.identity_not_on_build_vm,
    misread.packer_interpolation,
    downloads.contacted_hosts,
    script_files.broken_shebang,
    misread.unclosed_quote,
    # AIB5xx: scripts of Windows
    temporary_files.packer_files_removed,
    downloads.missing_use_basic_parsing,
    downloads.old_tls,
    files.script_without_path,
    files.temp_differs,
    # AIB6xx: secrets and supply chain
    secrets.secret_in_script,
)
