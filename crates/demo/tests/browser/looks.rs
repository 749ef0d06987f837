//! Every page, light and dark, wide and narrow.
//!
//! `HAWSER_SCREENSHOTS=DIR cargo nextest run -p hawser-demo looks` keeps the pictures.

use std::path::PathBuf;

use crate::rig::{Decision, Rig, Scheme};

/// A page to be looked at, in a window of this size.
struct Look<'a> {
    rig: &'a Rig,
    scheme: &'static str,
    width: u32,
}

impl Look<'_> {
    /// Looks at the page as it is: nothing may stick out at the side.
    async fn at(&self, name: &str) {
        let browser = &self.rig.browser;
        browser.set_window_size(self.width, 900).await.unwrap();
        let script = "const page = document.documentElement; scrollTo(0, 0);
            return [page.scrollWidth - innerWidth, page.scrollHeight + outerHeight - innerHeight];";
        let measured = browser.execute(script, Vec::new()).await.unwrap();
        assert!(
            measured[0].as_i64() <= Some(0),
            "{name} is too wide for {}",
            self.width
        );
        let Some(directory) = std::env::var_os("HAWSER_SCREENSHOTS") else {
            return;
        };
        let height = measured[1].as_u64().unwrap().clamp(800, 2400);
        let height = u32::try_from(height).unwrap();
        browser.set_window_size(self.width, height).await.unwrap();
        let picture = browser.screenshot().await.unwrap();
        let file = format!("{name}-{}-{}.png", self.scheme, self.width);
        std::fs::write(PathBuf::from(directory).join(file), picture).unwrap();
    }
}

async fn look_around(scheme: Scheme, name: &'static str, width: u32) {
    let rig = Rig::with_scheme(scheme).await;
    let look = Look {
        rig: &rig,
        scheme: name,
        width,
    };
    rig.laptop().await;
    rig.go("/sign-in").await;
    look.at("sign-in").await;
    rig.go("/nowhere").await;
    look.at("missing").await;

    rig.password("root").await;
    rig.arrive("/").await;
    look.at("home-without").await;
    rig.go("/devices").await;
    look.at("devices-empty").await;
    rig.go("/devices/new").await;
    look.at("enrol").await;
    rig.press("Show the code").await;
    rig.phone("coral").await;
    look.at("phone-ready").await;
    rig.click("[data-look]").await;
    rig.read("Create with fingerprint").await;
    look.at("phone-asks").await;
    rig.laptop().await;
    rig.read("Look at your phone").await;
    look.at("enrol-waits").await;
    rig.phone("coral").await;
    rig.click("[data-approve]").await;
    rig.read("Passkey saved").await;
    look.at("phone-done").await;

    rig.password("root").await;
    rig.arrive("/sign-in/passkey").await;
    rig.code().await;
    look.at("challenge").await;
    rig.answer("coral", Decision::Decline).await;
    rig.laptop().await;
    rig.read("The request was declined").await;
    look.at("challenge-declined").await;
    rig.press("Try again").await;
    rig.answer("coral", Decision::Approve).await;
    rig.laptop().await;
    rig.arrive("/").await;
    look.at("home-with").await;
    rig.go("/devices").await;
    look.at("devices").await;
    rig.press("Rename").await;
    look.at("devices-rename").await;

    rig.go("/admin").await;
    rig.set_mode("users", "grace").await;
    rig.set_mode("management-root", "enforced").await;
    rig.set_mode("member-root", "notify").await;
    rig.write("input[name=size]", "4").await;
    rig.press("Roll out").await;
    rig.read("2 left").await;
    look.at("admin").await;
    rig.walk_right("li:has(input[value=users]) input[value=grace]")
        .await;
    look.at("admin-keys").await;
    rig.go("/admin").await;
    rig.press("Suspend enforcement").await;
    rig.read("Enforcement is suspended").await;
    look.at("admin-suspended").await;
    rig.press("Resume enforcement").await;
    rig.press("Audit").await;
    rig.read("Audit trail").await;
    look.at("audit").await;
    rig.go("/wire").await;
    rig.read("hands it to the site").await;
    look.at("wire").await;

    rig.go("/admin").await;
    rig.write("input[name=size]", "100%").await;
    rig.press("Roll out").await;
    rig.read("Every user is reached").await;
    rig.password("alice").await;
    rig.arrive("/sign-in/notice").await;
    look.at("notice").await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn light_and_wide() {
    look_around(Scheme::Light, "light", 1280).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn light_and_narrow() {
    look_around(Scheme::Light, "light", 500).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dark_and_wide() {
    look_around(Scheme::Dark, "dark", 1280).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dark_and_narrow() {
    look_around(Scheme::Dark, "dark", 500).await;
}
