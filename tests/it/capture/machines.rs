//! Machines as their `/proc` and `/sys` describe them: trees after the documentation of the drivers, field by field.

use std::fs;
use std::path::Path;

use mlrun::capture::container;
use mlrun::capture::gpu::{nvidia_driver, observe};
use mlrun::capture::machine;
use mlrun::format::observation::GpuRecord;
use tempfile::TempDir;

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

const NVIDIA_VERSION: &str = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\n\
                              GCC version:  gcc version 11.4.0 (Ubuntu 11.4.0-1ubuntu1~22.04)\n";

/// As `/proc/driver/nvidia/gpus/BUS/information` is.
fn information(model: &str, bus: &str) -> String {
    format!(
        "Model: \t\t {model}\nIRQ:   \t\t 152\nGPU UUID: \t GPU-5a1c7b0e-9d1a-4c39-8f2e-1b2c3d4e5f60\n\
         Video BIOS: \t 92.00.36.00.04\nBus Type: \t PCIe\nDMA Size: \t 47 bits\nDMA Mask: \t 0x7fffffffffff\n\
         Bus Location: \t {bus}\nDevice Minor: \t 0\nGPU Firmware: \t 535.104.05\nGPU Excluded:\t No\n"
    )
}

#[test]
fn nvidia_by_its_driver() {
    let root = TempDir::new().unwrap();
    write(root.path(), "proc/driver/nvidia/version", NVIDIA_VERSION);
    for bus in ["0000:41:00.0", "0000:01:00.0"] {
        let text = information("NVIDIA A100-SXM4-80GB", bus);
        write(root.path(), &format!("proc/driver/nvidia/gpus/{bus}/information"), &text);
        // The same cards, as the kernel lists them.
        let card = format!("sys/class/drm/card{}/device", u8::from(bus.starts_with("0000:41")));
        write(root.path(), &format!("{card}/vendor"), "0x10de\n");
        write(root.path(), &format!("{card}/device"), "0x20b2\n");
        write(root.path(), &format!("{card}/uevent"), &format!("DRIVER=nvidia\nPCI_SLOT_NAME={bus}\n"));
    }
    let found = observe(root.path());
    let expected = |bus: &str| GpuRecord {
        vendor: "NVIDIA".to_owned(),
        model: Some("NVIDIA A100-SXM4-80GB".to_owned()),
        bus: bus.to_owned(),
        driver: Some("nvidia 535.104.05".to_owned()),
        memory: None,
    };
    assert_eq!(found, [expected("0000:01:00.0"), expected("0000:41:00.0")]);
    assert_eq!(machine::observe(root.path()).gpus, found);

    let open = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.14  Release Build  (dvs-builder@U16)\n";
    assert_eq!(nvidia_driver(open).as_deref(), Some("550.54.14"));
    assert_eq!(nvidia_driver("GCC version: 11.4.0"), None);
    // Where the version is nowhere but with the module.
    fs::remove_file(root.path().join("proc/driver/nvidia/version")).unwrap();
    write(root.path(), "sys/module/nvidia/version", "470.57.02\n");
    assert_eq!(observe(root.path())[0].driver.as_deref(), Some("nvidia 470.57.02"));
}

#[test]
fn cards_by_the_kernel() {
    let root = TempDir::new().unwrap();
    let card = |number: u32, vendor: &str, device: &str, driver: &str, bus: &str| {
        let folder = format!("sys/class/drm/card{number}/device");
        write(root.path(), &format!("{folder}/vendor"), &format!("{vendor}\n"));
        write(root.path(), &format!("{folder}/device"), &format!("{device}\n"));
        write(
            root.path(),
            &format!("{folder}/uevent"),
            &format!("DRIVER={driver}\nPCI_CLASS=30000\nPCI_SLOT_NAME={bus}\n"),
        );
        folder
    };
    let mi = card(1, "0x1002", "0x740f", "amdgpu", "0000:c3:00.0");
    write(root.path(), &format!("{mi}/product_name"), "AMD Instinct MI210\n");
    write(root.path(), &format!("{mi}/mem_info_vram_total"), "68702699520\n");
    write(root.path(), "sys/module/amdgpu/version", "6.3.6\n");
    let radeon = card(2, "0x1002", "0x744c", "amdgpu", "0000:03:00.0");
    write(root.path(), &format!("{radeon}/product_name"), "\n");
    card(0, "0x8086", "0x9a49", "i915", "0000:00:02.0");
    // A connector, a virtual machine's screen, a server's console.
    write(root.path(), "sys/class/drm/card1-DP-1/status", "connected\n");
    card(3, "0x1af4", "0x1050", "virtio-pci", "0000:00:01.0");
    card(4, "0x1a03", "0x2000", "ast", "0000:02:00.0");
    let found: Vec<_> = observe(root.path())
        .into_iter()
        .map(|g| format!("{} | {} | {} | {:?} | {:?}", g.bus, g.vendor, g.model.unwrap(), g.driver, g.memory))
        .collect();
    assert_eq!(
        found,
        [
            r#"0000:00:02.0 | Intel | PCI device 9a49 | Some("i915") | None"#,
            r#"0000:03:00.0 | AMD | PCI device 744c | Some("amdgpu 6.3.6") | None"#,
            r#"0000:c3:00.0 | AMD | AMD Instinct MI210 | Some("amdgpu 6.3.6") | Some(68702699520)"#,
        ]
    );
    assert_eq!(observe(TempDir::new().unwrap().path()), []);
}

#[test]
fn containers_by_what_they_say() {
    let told = |path: &str, text: &str| {
        let root = TempDir::new().unwrap();
        write(root.path(), path, text);
        container::observe(root.path())
    };
    assert_eq!(told(".dockerenv", "").as_deref(), Some("docker (/.dockerenv)"));
    assert_eq!(
        told("run/.containerenv", "engine=\"podman-4.3.1\"\nname=\"x\"\n").as_deref(),
        Some("podman (/run/.containerenv)")
    );
    assert_eq!(told("run/systemd/container", "lxc\n").as_deref(), Some("lxc (/run/systemd/container)"));
    assert_eq!(
        told("run/host/container-manager", "flatpak\n").as_deref(),
        Some("flatpak (/run/host/container-manager)")
    );
    for (groups, expected) in [
        (
            "0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-0a1b.scope\n",
            Some("kubernetes (/proc/self/cgroup)"),
        ),
        ("12:pids:/docker/0a1b2c\n11:cpu:/docker/0a1b2c\n", Some("docker (/proc/self/cgroup)")),
        ("0::/machine.slice/libpod-0a1b.scope\n", Some("podman (/proc/self/cgroup)")),
        ("0::/lxc/box\n", Some("lxc (/proc/self/cgroup)")),
        ("0::/\n", None),
        ("0::/user.slice/user-1000.slice/session-1.scope\n", None),
        // The service that runs containers is in none.
        ("0::/system.slice/docker.service\n", None),
        ("", None),
    ] {
        assert_eq!(told("proc/self/cgroup", groups).as_deref(), expected, "{groups}");
    }
    assert_eq!(told("run/systemd/container", "not a word\n"), None);
    assert_eq!(told("etc/hostname", "x"), None);
}
