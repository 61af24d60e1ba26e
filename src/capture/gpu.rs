//! Graphics processors, from what their drivers tell in `/proc` and `/sys`. No program is started.
//!
//! Sources: NVIDIA's driver README, "Using the /proc file system interface"; the kernel's `amdgpu` documentation
//! ("Misc AMDGPU driver information") and `sysfs-bus-pci`.

use std::fs;
use std::path::Path;

use crate::format::observation::GpuRecord;

use crate::bounded;

/// Files of drivers are short.
const FILE_LIMIT: u64 = 16 << 10;
/// No machine has more.
const MOST: usize = 64;

/// The processors of the machine whose root folder is `root`, in the order of their places on the bus.
pub fn observe(root: &Path) -> Vec<GpuRecord> {
    let mut found = nvidia(root);
    found.extend(cards(root, !found.is_empty()));
    found.sort_by(|a, b| a.bus.cmp(&b.bus));
    found.truncate(MOST);
    found
}

fn text(path: &Path) -> Option<String> {
    let bytes = bounded::head(path, FILE_LIMIT).ok()?;
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// `/proc/driver/nvidia/gpus/BUS/information` has `Model:`, `GPU UUID:`, `Bus Location:` and more.
fn nvidia(root: &Path) -> Vec<GpuRecord> {
    let folder = root.join("proc/driver/nvidia");
    let driver = text(&folder.join("version"))
        .and_then(|text| nvidia_driver(&text))
        .or_else(|| text(&root.join("sys/module/nvidia/version")));
    let entries = fs::read_dir(folder.join("gpus")).into_iter().flatten().flatten().take(MOST);
    let gpu = |entry: fs::DirEntry| {
        let information = text(&entry.path().join("information"))?;
        let field = |name: &str| {
            let lines = information.lines().filter_map(|line| line.split_once(':'));
            let mut values = lines.filter(|(known, _)| known.trim() == name).map(|(_, value)| value.trim());
            values.next().filter(|value| !value.is_empty() && *value != "Unknown").map(str::to_owned)
        };
        let bus = field("Bus Location").or_else(|| entry.file_name().into_string().ok())?;
        Some(GpuRecord {
            vendor: "NVIDIA".to_owned(),
            model: field("Model"),
            bus,
            driver: Some(driver.as_ref().map_or_else(|| "nvidia".to_owned(), |version| format!("nvidia {version}"))),
            memory: None,
        })
    };
    entries.filter_map(gpu).collect()
}

/// `535.104.05` in `NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023`.
pub fn nvidia_driver(version: &str) -> Option<String> {
    let line = version.lines().find_map(|line| line.trim().strip_prefix("NVRM version:"))?;
    let is_version = |word: &&str| {
        let parts: Vec<_> = word.split('.').collect();
        parts.len() >= 2 && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    };
    line.split_whitespace().find(is_version).map(str::to_owned)
}

/// The cards that the kernel knows. NVIDIA's are left out if its driver has told of them already.
fn cards(root: &Path, nvidia_is_known: bool) -> Vec<GpuRecord> {
    let entries = fs::read_dir(root.join("sys/class/drm")).into_iter().flatten().flatten().take(1024);
    let card = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        // `card0-HDMI-A-1` is a connector.
        name.strip_prefix("card")?.parse::<u32>().ok()?;
        let device = entry.path().join("device");
        let vendor = match text(&device.join("vendor"))?.as_str() {
            "0x10de" if nvidia_is_known => return None,
            "0x10de" => "NVIDIA",
            "0x1002" => "AMD",
            "0x8086" => "Intel",
            // Screens of virtual machines and of servers' consoles compute nothing.
            _ => return None,
        };
        let last = |path: fs::DirEntry, link: &str| {
            let target = fs::read_link(path.path().join(link)).ok()?;
            Some(target.file_name()?.to_str()?.to_owned())
        };
        let uevent = text(&device.join("uevent")).unwrap_or_default();
        let told = |name: &str| {
            uevent.lines().filter_map(|line| line.split_once('=')).find(|(known, _)| *known == name).map(|(_, v)| v)
        };
        let model = text(&device.join("product_name"))
            .or_else(|| text(&device.join("device")).map(|id| format!("PCI device {}", id.trim_start_matches("0x"))));
        let kernel_driver = told("DRIVER").map(str::to_owned);
        let version = kernel_driver.as_ref().and_then(|d| text(&root.join(format!("sys/module/{d}/version"))));
        Some(GpuRecord {
            vendor: vendor.to_owned(),
            model,
            bus: told("PCI_SLOT_NAME").map(str::to_owned).or_else(|| last(entry, "device"))?,
            driver: kernel_driver.map(|name| version.map_or_else(|| name.clone(), |v| format!("{name} {v}"))),
            memory: text(&device.join("mem_info_vram_total")).and_then(|bytes| bytes.parse().ok()),
        })
    };
    entries.filter_map(card).collect()
}
