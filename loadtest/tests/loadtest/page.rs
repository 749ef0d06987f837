//! The HTML report in a real browser: it shows something, in light and dark, and needs no network.

use std::path::Path;
use std::process::Command;

use crate::rig::{Run, Service, drive};

/// A picture of the page, and what the browser said meanwhile.
fn photograph(page: &Path, picture: &Path, dark: bool) -> String {
    let profile = tempfile::TempDir::new().unwrap();
    // 0 is dark, 1 is light.
    let scheme = i32::from(!dark);
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--enable-logging=stderr",
            // Every name and address leads nowhere.
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--window-size=1240,1500",
        ])
        // So that nothing stays in the system's own.
        .env("TMPDIR", profile.path())
        .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--screenshot={}", picture.display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap_or_else(|e| {
            panic!("chromium is needed to look at the report (./test installs it): {e}")
        });
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

fn run_with_page() -> Run {
    let relay = Service::relay();
    let pid = std::process::id().to_string();
    let run = drive(
        "sign-ins",
        &relay.url(),
        &[
            "--rate=100",
            "--duration=2s",
            "--warm-up=0s",
            "--interval=200ms",
            "--server-pid",
            &pid,
            "--html={folder}/run.html",
        ],
    );
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    run
}

#[test]
fn the_page_is_drawn_in_light_and_dark_without_a_network() {
    let run = run_with_page();
    let page = run.folder.path().join("run.html");
    let html = std::fs::read_to_string(&page).unwrap();
    for outside in ["src=", "@import", "url(", "<script"] {
        assert!(!html.contains(outside), "{outside}");
    }
    for plot in [
        "Latency by percentile",
        "Latency over time",
        "Rate",
        "CPU",
        "Memory",
    ] {
        assert!(html.contains(&format!("<strong>{plot}")), "{plot}");
    }

    let mut shades = Vec::new();
    for dark in [false, true] {
        let picture = run.folder.path().join(format!("{dark}.png"));
        let said = photograph(&page, &picture, dark);
        assert!(!said.contains("CONSOLE"), "{said}");
        let image = image::open(&picture).unwrap().to_luma8();
        assert_eq!(image.width(), 1240);
        let paper = image.get_pixel(2, 2).0[0];
        let inked = image
            .pixels()
            .filter(|p| p.0[0].abs_diff(paper) > 40)
            .count();
        // Text and lines cover more than 1 % of a page that has any, and less than half.
        let all = image.pixels().len();
        assert!(inked * 100 > all, "{inked} of {all} pixels, dark {dark}");
        assert!(inked * 2 < all, "{inked} of {all} pixels, dark {dark}");
        shades.push(paper);
    }
    assert!(shades[0] > 240 && shades[1] < 40, "{shades:?}");
}

#[test]
fn a_comparison_is_a_page_too() {
    let (one, two) = (run_with_page(), run_with_page());
    let file = |run: &Run, name: &str| run.folder.path().join(name).display().to_string();
    let folder = tempfile::TempDir::new().unwrap();
    let arguments = [
        "report",
        &file(&one, "run.json"),
        &file(&two, "run.json"),
        "--html={folder}/both.html",
    ];
    let output = crate::rig::command(&arguments, &folder).output().unwrap();
    assert!(output.status.success());
    let page = folder.path().join("both.html");
    let picture = folder.path().join("both.png");
    let said = photograph(&page, &picture, false);
    assert!(!said.contains("CONSOLE"), "{said}");
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.contains("side by side") && html.contains("ratio"));
}
