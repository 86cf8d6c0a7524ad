"""Scripts of the shell, on Linux."""

from aiblint.finding import Check

from . import (
    hidden,
    home,
    packages,
    prompts,
    ssh_access,
    sudo,
)

CHECKS: tuple[Check, ...] = (
    # AIB4xx: scripts of the shell, and what goes for scripts of both kinds
    packages.interactive_install,
    prompts.interactive_command,
    packages.debconf_prompt,
    packages.package_lock_race,
    sudo.missing_sudo,
    hidden.hidden_failure,
    ssh_access.ssh_access_changed,
    packages.stale_package_lists,
    hidden.expected_failure_ends_step,
    home.home_of_build_user,
)
