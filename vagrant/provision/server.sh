#!/bin/sh
# A real server behind direct routing: it has the virtual address on lo, takes its traffic, answers
# the client directly, and never answers ARP for it. Run by vagrant as root; may run again.
set -eu

vip=192.168.56.80

# The traffic comes in on eth2 and the answer leaves on eth1, hence the loose reverse-path filter.
cat >/etc/sysctl.d/60-gemel-lab.conf <<'EOF'
net.ipv4.conf.all.arp_ignore = 1
net.ipv4.conf.lo.arp_ignore = 1
net.ipv4.conf.all.arp_announce = 2
net.ipv4.conf.lo.arp_announce = 2
net.ipv4.conf.all.rp_filter = 2
EOF
sysctl --quiet --system

# After the sysctls, so that nobody ever hears of the address from here.
cat >/etc/systemd/system/vip-on-lo.service <<EOF
[Unit]
Description=The virtual address on lo
After=systemd-sysctl.service
Before=nginx.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/sbin/ip address replace $vip/32 dev lo
ExecStop=/sbin/ip address delete $vip/32 dev lo

[Install]
WantedBy=multi-user.target
EOF
systemctl daemon-reload
systemctl enable --now vip-on-lo.service

export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y nginx-light
hostname >/var/www/html/index.html
rm -f /var/www/html/index.nginx-debian.html
