set -e
ip link del n0p0 2>/dev/null || true
ip link del n0p1 2>/dev/null || true
ip link del n1p0 2>/dev/null || true
nsenter -t 100 -n /bin/sh -e <<'MACHINE' || { echo "node rt: its network could not be set up" >&2; exit 1; }
echo '1' > /proc/sys/net/ipv4/ip_forward
echo '1' > /proc/sys/net/ipv4/fib_multipath_hash_policy
MACHINE
ip -batch - <<'EOF'
link add n0p0 mtu 1500 type veth peer name eth1 address 02:d4:f2:0d:ec:6e mtu 1500 netns 100
link set n0p0 alias rt/eth1 master s0 up
link add n0p1 mtu 1500 type veth peer name eth2 address 02:a3:e8:c3:4a:fb mtu 1500 netns 100
link set n0p1 alias rt/eth2 master s1 up
link add n1p0 mtu 1500 type veth peer name eth0 address 02:21:db:46:98:19 mtu 1500 netns 101
link set n1p0 alias node/eth0 master s1 up
EOF
nsenter -t 100 -n /bin/sh -e <<'MACHINE' || { echo "node rt: its network could not be set up" >&2; exit 1; }
echo '0' > /proc/sys/net/ipv4/conf/eth2/rp_filter
ip -batch - <<'EOF'
addr add 172.17.1.1/24 broadcast + dev eth1
link set eth1 up
addr add 172.17.0.1/24 broadcast + dev eth2
link set eth2 up
EOF
MACHINE
mkfifo /proc/100/root/run/gate 2>/dev/null || true
echo > /proc/100/root/run/gate
nsenter -t 101 -n /bin/sh -e <<'MACHINE' || { echo "node node: its network could not be set up" >&2; exit 1; }
ip -batch - <<'EOF'
addr add 172.17.0.10/24 broadcast + dev eth0
link set eth0 up
route add default via 172.17.0.1
route add 10.0.0.0/8 via 172.17.0.99
EOF
MACHINE
mkfifo /proc/101/root/run/gate 2>/dev/null || true
echo > /proc/101/root/run/gate