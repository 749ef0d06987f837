//! The phone's page: pictures from wherever they come, and a choice among accounts.

use std::path::Path;

use fantoccini::Locator;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::rig::{PATIENCE, PAUSE, Rig, Scheme};

/// A code for a registration of alice's, and the coral phone's page.
async fn with_a_code(rig: &Rig) -> String {
    rig.password("alice").await;
    rig.press("Register a passkey").await;
    rig.arrive("/devices/new").await;
    rig.press("Show the code").await;
    let code = rig.code().await;
    rig.phone("coral").await;
    code
}

/// Hands a file to the page as an event does.
async fn hand_over(rig: &Rig, event: &str, code: &str) {
    let script = "const [event, address, done] = arguments;
        fetch(address).then((answer) => answer.blob()).then((blob) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([blob], 'screenshot.png', { type: 'image/png' }));
          const how = { bubbles: true, cancelable: true };
          const happens = event === 'paste'
            ? new ClipboardEvent('paste', { ...how, clipboardData: transfer })
            : new DragEvent('drop', { ...how, dataTransfer: transfer });
          const taken = !document.querySelector('[data-phone]').dispatchEvent(happens);
          done(taken);
        });";
    let taken = rig
        .browser
        .execute_async(script, vec![json!(event), json!(code)])
        .await
        .unwrap();
    // A browser would otherwise leave the page and show the file that was dropped.
    assert_eq!(taken, json!(event == "drop"));
}

/// Enrols with a code that came to the phone's page by this event.
async fn enrols_by(event: &str) {
    let rig = Rig::start().await;
    let code = with_a_code(&rig).await;
    hand_over(&rig, event, &code).await;
    rig.read("Create with fingerprint").await;
    rig.click("[data-approve]").await;
    rig.laptop().await;
    rig.arrive("/devices").await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_screenshot_is_pasted() {
    enrols_by("paste").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_screenshot_is_dropped() {
    enrols_by("drop").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_screenshot_is_chosen_and_other_files_are_explained() {
    let rig = Rig::start().await;
    let directory = TempDir::new().unwrap();
    with_a_code(&rig).await;
    // What a person's screenshot has: the whole window.
    rig.laptop().await;
    let picture = rig.browser.screenshot().await.unwrap();
    let screenshot = directory.path().join("screenshot.png");
    std::fs::write(&screenshot, picture).unwrap();
    let letter = directory.path().join("letter.png");
    std::fs::write(&letter, "Dear harbour master").unwrap();

    rig.phone("coral").await;
    let choose = async |file: &Path| {
        let field = Locator::Css("[data-file]");
        let field = rig.browser.find(field).await.unwrap();
        field.send_keys(file.to_str().unwrap()).await.unwrap();
    };
    for _ in 0..2 {
        choose(&letter).await;
        rig.read("This is not a readable PNG or JPEG image.").await;
        let wipe = "document.querySelector('[data-failure]').textContent = ''";
        rig.browser.execute(wipe, Vec::new()).await.unwrap();
    }
    choose(&screenshot).await;
    rig.read("Create with fingerprint").await;
    rig.stop().await;
}

/// Begins a sign-in for whichever account the phone offers, and says where it is.
async fn ask_for_any_account(rig: &Rig) -> Value {
    rig.laptop().await;
    let script = "const done = arguments[0];
        const options = { publicKey: { challenge: 'AAAA', rpId: 'localhost',
          allowCredentials: [], userVerification: 'required' } };
        fetch('/laptop', { method: 'POST', headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ operation: 'sign-in', options }) })
          .then((answer) => answer.json()).then(done);";
    let begun = rig.browser.execute_async(script, Vec::new()).await.unwrap();
    begun["id"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_account_that_was_chosen_signs_in() {
    let rig = Rig::start().await;
    for user in ["alice", "bob"] {
        rig.password(user).await;
        rig.press("Register a passkey").await;
        rig.enrol("coral", user, "/devices").await;
    }
    let ceremony = ask_for_any_account(&rig).await;
    rig.phone("coral").await;
    rig.click("[data-look]").await;
    rig.read("Sign in with fingerprint").await;
    let chosen = async || {
        let script = "return [...document.querySelectorAll('[data-ask-accounts] label')]
            .map((label) => [label.querySelector('bdi').textContent,
                             label.querySelector('input').checked]);";
        rig.browser.execute(script, Vec::new()).await.unwrap()
    };
    // The newest first, and chosen.
    assert_eq!(chosen().await, json!([["bob", true], ["alice", false]]));
    rig.click("[data-ask-accounts] label:nth-of-type(2)").await;
    // The state comes again, as after a connection that broke, and the choice stays.
    let state = "document.querySelector('p[data-state]').textContent";
    let said = format!("return {state}");
    let said = rig.browser.execute(&said, Vec::new()).await.unwrap();
    rig.is_seen(false).await;
    let wipe = format!("{state} = 'not told yet'");
    rig.browser.execute(&wipe, Vec::new()).await.unwrap();
    rig.is_seen(true).await;
    rig.read(said.as_str().unwrap()).await;
    assert_eq!(chosen().await, json!([["bob", false], ["alice", true]]));
    rig.click("[data-approve]").await;
    rig.read("Signed in on the laptop.").await;

    rig.laptop().await;
    let script = "const [id, done] = arguments;
        const events = new EventSource(`/laptop/${id}/events`);
        events.onmessage = ({ data }) => { events.close(); done(JSON.parse(data)); };";
    let over = rig.browser.execute_async(script, vec![ceremony]).await;
    let handle = over.unwrap()["answer"]["response"]["userHandle"].clone();
    rig.password("alice").await;
    rig.arrive("/sign-in/passkey").await;
    rig.sign_in("alice", "coral").await;
    rig.go("/devices").await;
    let user = "return document.querySelector('[data-accepted]').dataset.user";
    let alice = rig.browser.execute(user, Vec::new()).await.unwrap();
    assert_eq!(handle, alice);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn escape_declines_and_the_focus_goes_back() {
    let rig = Rig::start().await;
    with_a_code(&rig).await;
    rig.click("[data-look]").await;
    rig.read("Create with fingerprint").await;
    let focus = "return document.activeElement.matches(arguments[0])";
    let approve = vec![json!("[data-approve]")];
    let focused = rig.browser.execute(focus, approve).await.unwrap();
    assert_eq!(focused, json!(true));
    let button = rig.browser.active_element().await.unwrap();
    button.send_keys("\u{e00c}").await.unwrap();
    rig.read("Declined. Nothing was sent.").await;
    let state = vec![json!("[data-state]")];
    let focused = rig.browser.execute(focus, state).await.unwrap();
    assert_eq!(focused, json!(true));
    rig.stop().await;
}

/// A film of one picture, in the form that Chromium's false camera plays.
fn film(picture: &image::GrayImage) -> Vec<u8> {
    let (width, height) = picture.dimensions();
    let mut film = format!("YUV4MPEG2 W{width} H{height} F10:1\nFRAME\n").into_bytes();
    film.extend_from_slice(picture.as_raw());
    // No colour.
    let pixels = usize::try_from(width * height / 4 * 2).unwrap();
    film.extend(vec![128; pixels]);
    film
}

/// Waits until the camera has shown so many more pictures. Returns how many were under way at once.
async fn shows_pictures(rig: &Rig, more: u64) -> u64 {
    let start = "shown.times = 0; shown.most = shown.now";
    rig.browser.execute(start, Vec::new()).await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let script = "return [shown.times, shown.most]";
        let shown = rig.browser.execute(script, Vec::new()).await.unwrap();
        let [times, most] = [&shown[0], &shown[1]].map(|number| number.as_u64().unwrap());
        if times >= more {
            return most;
        }
        assert!(Instant::now() < deadline, "{times} pictures");
        sleep(PAUSE).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_camera_sees_the_code() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("camera.y4m");
    let wall = image::GrayImage::from_pixel(640, 480, image::Luma([200]));
    std::fs::write(&file, film(&wall)).unwrap();
    let rig = Rig::with(Scheme::Light, Some(&file)).await;
    let code = with_a_code(&rig).await;
    let script = "const [address, done] = arguments;
        fetch(address).then((answer) => answer.blob()).then((blob) => {
          const reader = new FileReader();
          reader.onload = () => done(reader.result.split(',')[1]);
          reader.readAsDataURL(blob);
        });";
    let png = rig.browser.execute_async(script, vec![json!(code)]).await;
    let png = png.unwrap();
    let png = data_encoding::BASE64.decode(png.as_str().unwrap().as_bytes());
    let code = image::load_from_memory(&png.unwrap()).unwrap().to_luma8();
    let code = image::imageops::resize(&code, 400, 400, image::imageops::FilterType::Triangle);

    // A phone that is shown a picture takes its time.
    let slowly = "window.shown = { times: 0, now: 0, most: 0 };
        const ask = window.fetch;
        window.fetch = async (address, ...how) => {
          if (!String(address).endsWith('/scan')) return ask(address, ...how);
          shown.times += 1;
          shown.now += 1;
          shown.most = Math.max(shown.most, shown.now);
          const answer = await ask(address, ...how);
          await new Promise((resolve) => setTimeout(resolve, 700));
          shown.now -= 1;
          return answer;
        };";
    rig.browser.execute(slowly, Vec::new()).await.unwrap();

    // First a wall, to which nothing happens; then the screen.
    rig.click("[data-camera]").await;
    rig.read("Stop the camera").await;
    rig.browser
        .wait()
        .for_element(Locator::Css("video:not([hidden])"))
        .await
        .unwrap();
    assert!(!rig.text().await.contains("There is no QR code"));
    // Stopped and started again at once, it shows one picture at a time as before. The first two may meet one
    // that was under way.
    let again = "const stream = document.querySelector('video').srcObject.clone();
        const devices = navigator.mediaDevices;
        devices.getUserMedia = async () => {
          delete devices.getUserMedia;
          return stream;
        };
        const button = document.querySelector('[data-camera]');
        button.click();
        button.click();";
    shows_pictures(&rig, 1).await;
    rig.browser.execute(again, Vec::new()).await.unwrap();
    shows_pictures(&rig, 2).await;
    let most = shows_pictures(&rig, 4).await;
    assert_eq!(most, 1, "at once");
    rig.click("[data-camera]").await;
    rig.read("Use the camera").await;

    let mut screen = wall;
    image::imageops::overlay(&mut screen, &code, 120, 40);
    std::fs::write(&file, film(&screen)).unwrap();
    rig.click("[data-camera]").await;
    rig.read("Create with fingerprint").await;
    let over = "const video = document.querySelector('video');
        return [video.hidden, video.srcObject.getTracks().map((track) => track.readyState)];";
    let over = rig.browser.execute(over, Vec::new()).await.unwrap();
    assert_eq!(over, json!([true, ["ended"]]));
    rig.click("[data-approve]").await;
    rig.read("Passkey saved on this phone.").await;
    rig.stop().await;
}
