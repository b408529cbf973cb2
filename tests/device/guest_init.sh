#!/bin/busybox sh
# The first process of the emulated machine: modules, the host's files under a layer of its own, then the test in it.
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for module in $(cat /modules/order); do
  case $module in
    vivid) insmod /modules/vivid.ko n_devs=1 node_types=0x1 ;;
    *) insmod "/modules/$module.ko" ;;
  esac || echo "no module $module"
done
mkdir -p /host /layer /root
mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=1048576,cache=loose hostroot /host || echo "no host files"
mount -t tmpfs -o size=1500m tmpfs /layer
mkdir -p /layer/upper /layer/work
mount -t overlay -o lowerdir=/host,upperdir=/layer/upper,workdir=/layer/work overlay /root || echo "no overlay"
mount --bind /proc /root/proc || echo "no proc"; mount --bind /sys /root/sys; mount --bind /dev /root/dev
mount -t tmpfs -o size=600m tmpfs /root/tmp
mkdir -p /root/dev/shm /dev/v4l/by-id; mount -t tmpfs tmpfs /root/dev/shm
ln -s ../../video0 /dev/v4l/by-id/usb-Emulated_Camera-video-index0 # as udev would
ip link set lo up
. /place
chroot /root /bin/sh -c "cd '$PROJECT' && HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONFAULTHANDLER=1 '$PYTHON' -m tests.device.guest" 2>&1
echo "guest ended with $?"
poweroff -f
