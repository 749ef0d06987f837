//! The phone's camera: what it sees, and when it is off.

use std::path::{Path, PathBuf};

use fantoccini::Locator;
use serde_json::json;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::phone_page::with_a_code;
use crate::rig::{PATIENCE, PAUSE, Rig, Scheme};

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

fn wall() -> image::GrayImage {
    image::GrayImage::from_pixel(640, 480, image::Luma([200]))
}

fn film_of_a_wall(directory: &Path) -> PathBuf {
    let file = directory.join("camera.y4m");
    std::fs::write(&file, film(&wall())).unwrap();
    file
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
    let file = film_of_a_wall(directory.path());
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

    let mut screen = wall();
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

/// Whoever is asked for the camera may answer when the page is no longer looked at.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_that_is_allowed_too_late_stays_off() {
    let directory = TempDir::new().unwrap();
    let file = film_of_a_wall(directory.path());
    let rig = Rig::with(Scheme::Light, Some(&file)).await;
    rig.phone("coral").await;
    let ask = "const devices = navigator.mediaDevices;
        const ask = devices.getUserMedia.bind(devices);
        devices.getUserMedia = (wanted) => new Promise((allow) => {
          window.allow = async () => allow(window.stream = await ask(wanted));
        });";
    rig.browser.execute(ask, Vec::new()).await.unwrap();
    rig.click("[data-camera]").await;
    rig.is_seen(false).await;
    let allow = "const done = arguments[0];
        allow().then(() => setTimeout(() => done(stream.getTracks().map((track) => track.readyState))));";
    let tracks = rig.browser.execute_async(allow, Vec::new()).await.unwrap();
    assert_eq!(tracks, json!(["ended"]));
    rig.read("Use the camera").await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_that_is_stopped_before_it_plays_shows_nothing() {
    let directory = TempDir::new().unwrap();
    let file = film_of_a_wall(directory.path());
    let rig = Rig::with(Scheme::Light, Some(&file)).await;
    rig.phone("coral").await;
    let slowly = "window.pictures = 0;
        const draw = HTMLCanvasElement.prototype.toBlob;
        HTMLCanvasElement.prototype.toBlob = function (...how) {
          pictures += 1;
          return draw.apply(this, how);
        };
        HTMLVideoElement.prototype.play = () => new Promise((resolve) => { window.plays = resolve; });";
    rig.browser.execute(slowly, Vec::new()).await.unwrap();
    rig.click("[data-camera]").await;
    rig.read("Stop the camera").await;
    rig.click("[data-camera]").await;
    rig.read("Use the camera").await;
    let play = "const done = arguments[0];
        plays();
        setTimeout(() => done(pictures));";
    let pictures = rig.browser.execute_async(play, Vec::new()).await.unwrap();
    assert_eq!(pictures, json!(0));
    rig.stop().await;
}
