//! Styles, scripts and the picture, embedded in the program.

use axum::Router;
use axum::http::header;
use axum::routing::get;

use super::app::App;

/// Every file of `assets/`, at the address that the others know it by.
pub(super) fn routes() -> Router<App> {
    let files = ASSETS.into_iter();
    files.fold(Router::new(), |router, (path, kind, text)| {
        // Asked for again each time: a new release must not run with an old script.
        let headers = [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, "no-cache"),
        ];
        router.route(path, get(move || async move { (headers, text) }))
    })
}

macro_rules! asset {
    ($kind:expr, $file:literal) => {
        (
            concat!("/assets/", $file),
            $kind,
            include_str!(concat!("../../assets/", $file)),
        )
    };
}

const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

const ASSETS: [(&str, &str, &str); 18] = [
    asset!(PICTURE, "mark.svg"),
    asset!(STYLE, "console.css"),
    asset!(STYLE, "console/phone.css"),
    asset!(STYLE, "console/wire.css"),
    asset!(SCRIPT, "console.js"),
    asset!(SCRIPT, "console/camera.js"),
    asset!(SCRIPT, "console/ceremony.js"),
    asset!(SCRIPT, "console/dialog.js"),
    asset!(SCRIPT, "console/forms.js"),
    asset!(SCRIPT, "console/laptop.js"),
    asset!(SCRIPT, "console/page.js"),
    asset!(SCRIPT, "console/phone.js"),
    asset!(SCRIPT, "console/sheet.js"),
    asset!(SCRIPT, "console/signals.js"),
    asset!(SCRIPT, "console/site.js"),
    asset!(SCRIPT, "console/stream.js"),
    asset!(SCRIPT, "console/timeline.js"),
    asset!(SCRIPT, "console/wire.js"),
];
