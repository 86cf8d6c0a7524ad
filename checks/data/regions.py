"""Where image templates may live, and what other Azure regions there are.

`TEMPLATE_LOCATIONS`: one row is a location that the service offers, as ARM compares it (lower case, no spaces) and as
people write it. `PREVIEW_FEATURES`: those of them that want a feature registered first. `OTHER_REGIONS`: every other
region of the public, government and Chinese clouds, to tell a region without the service from a slip of the pen.

Last looked at: 2026-11-22. Sources: of the first two, LOCATIONS (page of 2026-05-19) and PREVIEW; of the last, REGIONS
(page of 2025-09-23), filled up with regions opened or announced since. China North 3 has no row in PREVIEW_FEATURES
because the two pages disagree on whether it still needs MooncakePublicPreview.

To add a location: a row in TEMPLATE_LOCATIONS, and out of OTHER_REGIONS with it. The service itself answers in
`GET providers/Microsoft.VirtualMachineImages`, resource type imageTemplates, `locations`.
"""

from __future__ import annotations

from aiblint.template import region_name

LOCATIONS = "https://learn.microsoft.com/azure/virtual-machines/image-builder-overview#regions"
PREVIEW = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#location"
REGIONS = "https://learn.microsoft.com/azure/reliability/regions-list"

TEMPLATE_LOCATIONS: dict[str, str] = {
    "australiaeast": "Australia East",
    "australiasoutheast": "Australia Southeast",
    "brazilsouth": "Brazil South",
    "canadacentral": "Canada Central",
    "centralindia": "Central India",
    "centralus": "Central US",
    "chinanorth3": "China North 3",
    "eastasia": "East Asia",
    "eastus": "East US",
    "eastus2": "East US 2",
    "francecentral": "France Central",
    "germanywestcentral": "Germany West Central",
    "israelcentral": "Israel Central",
    "italynorth": "Italy North",
    "japaneast": "Japan East",
    "jioindiawest": "Jio India West",
    "koreacentral": "Korea Central",
    "newzealandnorth": "New Zealand North",
    "northcentralus": "North Central US",
    "northeurope": "North Europe",
    "norwayeast": "Norway East",
    "polandcentral": "Poland Central",
    "qatarcentral": "Qatar Central",
    "southafricanorth": "South Africa North",
    "southcentralus": "South Central US",
    "southeastasia": "Southeast Asia",
    "swedencentral": "Sweden Central",
    "switzerlandnorth": "Switzerland North",
    "taiwannorthwest": "Taiwan Northwest",
    "uaenorth": "UAE North",
    "uksouth": "UK South",
    "ukwest": "UK West",
    "usgovarizona": "US Gov Arizona",
    "usgovvirginia": "US Gov Virginia",
    "westcentralus": "West Central US",
    "westeurope": "West Europe",
    "westus": "West US",
    "westus2": "West US 2",
    "westus3": "West US 3",
}

# Features of Microsoft.VirtualMachineImages.
PREVIEW_FEATURES: dict[str, str] = {
    "usgovarizona": "FairfaxPublicPreview",
    "usgovvirginia": "FairfaxPublicPreview",
}

OTHER_REGIONS: frozenset[str] = frozenset(
    {
        "australiacentral",
        "australiacentral2",
        "austriaeast",
        "belgiumcentral",
        "brazilsoutheast",
        "brazilus",
        "canadaeast",
        "centraluseuap",
        "chilecentral",
        "chinaeast",
        "chinaeast2",
        "chinaeast3",
        "chinanorth",
        "chinanorth2",
        "denmarkeast",
        "eastus2euap",
        "eastus3",
        "eastusstg",
        "finlandcentral",
        "francesouth",
        "germanycentral",
        "germanynorth",
        "germanynortheast",
        "greececentral",
        "indiasouthcentral",
        "indonesiacentral",
        "israelnorthwest",
        "japanwest",
        "jioindiacentral",
        "koreasouth",
        "malaysiasouth",
        "malaysiawest",
        "mexicocentral",
        "northeastus5",
        "norwaywest",
        "saudiarabiaeast",
        "southafricawest",
        "southcentralus2",
        "southcentralusstg",
        "southeastasia3",
        "southeastus",
        "southeastus3",
        "southeastus5",
        "southindia",
        "southwestus",
        "spaincentral",
        "swedensouth",
        "switzerlandwest",
        "taiwannorth",
        "uaecentral",
        "usdodcentral",
        "usdodeast",
        "usgoviowa",
        "usgovtexas",
        "usnateast",
        "usnatwest",
        "usseceast",
        "ussecwest",
        "ussecwestcentral",
        "westcentralusfre",
        "westindia",
    }
)


def nearest(location: str) -> tuple[str, ...]:
    """Up to three template locations that a wrong one was probably meant to be, best first; often none.

    Words in another order first (`uswest`), then what it begins (`westeu`), then slips of the pen.
    """
    from difflib import get_close_matches  # here: only a wrong location needs it

    wrong = region_name(location)
    letters = sorted(wrong)
    names = [name for name in TEMPLATE_LOCATIONS if sorted(name) == letters]
    if len(wrong) >= 5:
        names += [name for name in TEMPLATE_LOCATIONS if name.startswith(wrong)]
    names += get_close_matches(wrong, TEMPLATE_LOCATIONS, cutoff=0.8)
    return tuple(dict.fromkeys(names))[:3]
