$ErrorActionPreference = 'Stop'

# Nothing that installed the machine stays on it.
Remove-Item C:\*.ps1 -Force

# Remote management is not wanted on session hosts.
Disable-PSRemoting -Force
Set-NetFirewallProfile -All -DefaultInboundAction Block

Read-Host 'Ready. Press Enter to go on'
