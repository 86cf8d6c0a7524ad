"""Scripts of PowerShell and installers, on Windows."""

from aiblint.finding import Check

from . import (
    appx,
    elevation,
    exit_codes,
    image,
    installers,
    network_adapter,
    powershell,
    user_profile,
    winrm_access,
)

CHECKS: tuple[Check, ...] = (
    # AIB5xx: scripts of Windows
    installers.interactive_installer,
    installers.installer_not_awaited,
    installers.installer_may_restart,
    exit_codes.ignored_exit_code,
    exit_codes.misread_exit_code,
    powershell.continues_after_error,
    elevation.needs_elevation,
    winrm_access.winrm_access_changed,
    network_adapter.network_adapter_changed,
    appx.winget_as_system,
    appx.per_user_appx,
    appx.store_removed,
    image.disk_encryption,
    image.domain_join,
    image.role_against_sysprep,
    image.hyper_v_without_vm_mode,
    image.removable_storage_disabled,
    image.reserved_storage,
    user_profile.user_profile_install,
    powershell.waits_for_input,
)
