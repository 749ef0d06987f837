//! The roll-out page with the keyboard alone.

use fantoccini::Locator;

use crate::rig::Rig;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn walking_through_the_modes_sets_none_of_them() {
    let rig = Rig::start().await;
    rig.password("root").await;
    rig.arrive("/").await;
    rig.go("/admin").await;
    let form = "li:has(input[value=users]) form";
    let mode = async |mode: &str| {
        let field = format!("{form} input[value={mode}]");
        rig.browser.find(Locator::Css(&field)).await.unwrap()
    };
    rig.walk_right(&format!("{form} input[value=off]")).await;
    rig.walk_right(&format!("{form} input[value=notify]")).await;
    let set = format!("{form} button.set");
    let set = rig.browser.find(Locator::Css(&set)).await.unwrap();
    assert!(set.is_displayed().await.unwrap());
    assert!(mode("grace").await.is_selected().await.unwrap());
    // Nothing has happened, and nothing does until the button is pressed.
    rig.go("/admin").await;
    assert!(mode("off").await.is_selected().await.unwrap());

    rig.walk_right(&format!("{form} input[value=off]")).await;
    rig.click(&format!("{form} button.set")).await;
    rig.go("/admin").await;
    assert!(mode("notify").await.is_selected().await.unwrap());
    rig.press("Audit").await;
    rig.read("All other users: off → notify").await;
    assert!(!rig.text().await.contains("grace"));
    rig.stop().await;
}
