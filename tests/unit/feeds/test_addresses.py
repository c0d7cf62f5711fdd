from ipaddress import ip_address

import pytest

from newsletter.feeds.addresses import AllowList, is_public


@pytest.mark.parametrize("address", ["8.8.8.8", "151.101.1.69", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_address_is_public(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "192.0.0.8",
        "192.88.99.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1",
        "::7f00:1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2001::1", "2001:db8::1",
        "2002:7f00:1::", "fc00::1", "fe80::1", "fec0::1", "ff02::1",
    ],
)  # fmt: skip
def test_any_other_address_is_not(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    ("allow", "host", "address", "permitted"),
    [
        ([], "feeds.example", "8.8.8.8", True),
        ([], "feeds.example", "10.2.0.1", False),
        (["10.2.0.0/16"], "feeds.example", "10.2.0.1", True),
        (["10.2.0.0/16"], "feeds.example", "::ffff:10.2.0.1", True),
        (["10.2.0.0/16"], "feeds.example", "10.3.0.1", False),
        (["localhost"], "LOCALHOST.", "127.0.0.1", True),
        (["localhost"], "feeds.example", "127.0.0.1", False),
        (["127.0.0.1"], "feeds.example", "127.0.0.1", True),
        (["127.0.0.1"], "127.0.0.1", "127.0.0.1", True),
        (["[::1]"], "::1", "::1", True),
        (["fe80::/10"], "x", "fe80::1%eth0", True),
    ],
)
def test_allow_list_names_hosts_or_networks(allow, host, address, permitted):
    assert AllowList(allow).permits(host, address) is permitted
