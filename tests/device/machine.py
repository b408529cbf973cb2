"""The software-emulated machine: Debian's kernel, a few of its modules, the host's files read-only below a layer.

Owns fetching, building and running it; what happens inside stands in guest.py.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "build" / "device"
ORDER = """
virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci 9pnet 9pnet_virtio netfs fscache 9p
overlay rc-core cec mc videodev videobuf2-common videobuf2-v4l2 videobuf2-memops videobuf2-vmalloc
videobuf2-dma-contig v4l2-dv-timings v4l2-tpg vivid soundcore snd snd-timer snd-pcm snd-aloop
"""
MODULES = ORDER.split()


class NoMachine(Exception):
    """It can't be had here; the text says what is missing."""


def run_guest(timeout_s: float) -> str:
    """All that the guest said. Raises NoMachine, or subprocess.TimeoutExpired."""
    kernel, files = fetch_kernel()
    start = build_start(files)
    command = [
        "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "3072",
        "-kernel", str(kernel), "-initrd", str(start), "-append", "console=ttyS0 quiet panic=-1",
        "-virtfs", "local,path=/,mount_tag=hostroot,security_model=passthrough,readonly=on,multidevs=remap",
        "-display", "none", "-serial", "stdio", "-monitor", "none", "-nic", "none", "-no-reboot",
    ]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, timeout=timeout_s, check=False, stdin=subprocess.DEVNULL)
    if ran.returncode:
        raise NoMachine(ran.stderr.decode(errors="replace"))
    return ran.stdout.decode(errors="replace").replace("\r", "")


def fetch_kernel() -> tuple[Path, Path]:
    """The kernel's image and the folder of its modules, from Debian's package, unpacked and not installed."""
    if not (found := sorted(PLACE.glob("kernel/boot/vmlinuz-*"))):
        if shutil.which("apt-get") is None or shutil.which("qemu-system-x86_64") is None:
            raise NoMachine("qemu-system-x86 and apt-get are needed")
        PLACE.mkdir(parents=True, exist_ok=True)
        _run("apt-get", "-qq", "download", _kernel_package())
        (package,) = PLACE.glob("linux-image-*.deb")
        _run("dpkg-deb", "-x", package.name, "kernel")
        package.unlink()
        found = sorted(PLACE.glob("kernel/boot/vmlinuz-*"))
    version = found[-1].name.removeprefix("vmlinuz-")
    return found[-1], PLACE / "kernel" / "lib" / "modules" / version / "kernel"


def _kernel_package() -> str:
    said = subprocess.run(
        ["apt-cache", "depends", "linux-image-amd64"], capture_output=True, text=True, check=True
    ).stdout
    names = [line.split()[-1] for line in said.splitlines() if "Depends: linux-image-" in line]
    if not names:
        raise NoMachine("Debian's linux-image-amd64 is not in the package lists: apt-get update")
    return names[0]


def build_start(files: Path) -> Path:
    """The initial file system: busybox, the modules in their order, the first process."""
    tree = PLACE / "start"
    shutil.rmtree(tree, ignore_errors=True)
    for folder in ("bin", "modules", "proc", "sys", "dev"):
        (tree / folder).mkdir(parents=True)
    shutil.copy(shutil.which("busybox") or "/bin/busybox", tree / "bin" / "busybox")
    have = {file.stem: file for file in files.rglob("*.ko")}
    order = [module for module in MODULES if module in have]  # one that is built in needs no file
    for module in order:
        shutil.copy(have[module], tree / "modules" / f"{module}.ko")
    (tree / "modules" / "order").write_text("\n".join(order) + "\n")
    (tree / "place").write_text(f"PROJECT={shlex.quote(str(ROOT))}\nPYTHON={shlex.quote(sys.executable)}\n")
    shutil.copy(Path(__file__).with_name("guest_init.sh"), tree / "init")
    (tree / "init").chmod(0o755)
    archive = PLACE / "start.cpio"
    names = "\n".join(path.relative_to(tree).as_posix() for path in sorted(tree.rglob("*")))
    with archive.open("wb") as out:
        subprocess.run(["busybox", "cpio", "-o", "-H", "newc"], cwd=tree, input=names.encode(), stdout=out, check=True,
                       stderr=subprocess.DEVNULL)  # fmt: skip
    return archive


def _run(*command: str) -> None:
    subprocess.run(command, cwd=PLACE, check=True, capture_output=True)
