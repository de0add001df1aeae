#!/bin/sh
# A director: the package and the one file. Run by vagrant as root; may run again.
set -eu

if [ ! -e /tmp/gemel.deb ]; then
    echo "no package: run 'cargo xtask package', or set GEMEL_DEB to a gemel_*.deb, then 'vagrant provision'" >&2
    exit 1
fi

# Direct routing in and out of one link is no reason to tell clients of a better way.
cat >/etc/sysctl.d/60-gemel-lab.conf <<'EOF'
net.ipv4.conf.all.send_redirects = 0
net.ipv4.conf.default.send_redirects = 0
net.ipv4.conf.eth1.send_redirects = 0
net.ipv4.conf.eth2.send_redirects = 0
EOF
sysctl --quiet --system

install -d -m 0755 /etc/gemel
install -m 0640 /tmp/gemel.toml /etc/gemel/gemel.toml

export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y curl ipvsadm tcpdump
# The file above is ours: keep it, whatever the package brings. A new build has the same version.
apt-get install -q -y --reinstall -o Dpkg::Options::=--force-confold /tmp/gemel.deb

gemel check /etc/gemel/gemel.toml
systemctl restart gemel
gemel status
