//! Somebody who visits the console: a cookie, and what they see.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use hawser_demo::console::admin::{self, AdminError, Command};
use hawser_demo::console::{Console, DEMO_PASSWORD, Options};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::forger::{Forger, GOOD};

/// A console of its own.
pub(crate) struct Harbour(pub(crate) Console);

impl Harbour {
    pub(crate) async fn open() -> Self {
        Self(Console::open(Options::default()).await.unwrap())
    }

    pub(crate) fn visitor(&self) -> Visitor {
        let origin = self.0.origin().origin().ascii_serialization();
        Visitor::new(self.0.router(), origin)
    }

    /// Somebody past the password.
    pub(crate) async fn visitor_after_password(&self, user: &str) -> (Visitor, Page) {
        let mut visitor = self.visitor();
        let page = visitor.password(user, DEMO_PASSWORD).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
        (visitor, page)
    }

    /// Somebody with a passkey who has signed in with it.
    pub(crate) async fn enrolled(&self, user: &str) -> (Visitor, Forger) {
        let (mut visitor, _) = self.visitor_after_password(user).await;
        let forger = Forger::new(GOOD);
        visitor.enrol(&forger, "First").await;
        visitor.show_passkey(&forger).await;
        (visitor, forger)
    }

    pub(crate) async fn admin(&self, command: Command) -> Result<String, AdminError> {
        admin::execute(self.0.relying_party(), command).await
    }
}

#[derive(Clone)]
pub(crate) struct Visitor {
    router: Router,
    pub(crate) origin: String,
    pub(crate) cookie: Option<String>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
    pub(crate) text: String,
}

impl Visitor {
    pub(crate) fn new(router: Router, origin: String) -> Self {
        Self {
            router,
            origin,
            cookie: None,
        }
    }

    pub(crate) async fn send(&mut self, mut request: Request<Body>) -> Page {
        if let Some(cookie) = &self.cookie {
            let cookie = cookie.parse().unwrap();
            request.headers_mut().insert(header::COOKIE, cookie);
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        if let Some(set) = parts.headers.get(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            self.cookie = Some(pair.to_owned());
        }
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Page {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
            bytes,
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        self.send(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    pub(crate) async fn post_json(&mut self, path: &str, body: &Value) -> Page {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ORIGIN, &self.origin)
            .body(Body::from(body.to_string()));
        self.send(request.unwrap()).await
    }

    /// Sends a form as it is.
    pub(crate) async fn post_raw(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let form: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", percent(value)))
            .collect();
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ORIGIN, &self.origin)
            .body(Body::from(form.join("&")));
        self.send(request.unwrap()).await
    }

    /// Sends a form of the session, with its token.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = self.form_token().await;
        let fields = [&[("form_token", token.as_str())], fields].concat();
        self.post_raw(path, &fields).await
    }

    pub(crate) async fn password(&mut self, user: &str, password: &str) -> Page {
        let fields = [("user", user), ("password", password)];
        self.post_raw("/sign-in", &fields).await
    }

    /// The token of the session's forms, from whichever page the session may see.
    pub(crate) async fn form_token(&mut self) -> String {
        for path in ["/", "/sign-in/passkey", "/sign-in/notice"] {
            let page = self.get(path).await;
            let found = page.text.split_once(r#"name="form_token" value=""#);
            if let Some((_, rest)) = found {
                return rest.split('"').next().unwrap().to_owned();
            }
        }
        String::new()
    }

    pub(crate) async fn enrol(&mut self, forger: &Forger, name: &str) {
        let options = self
            .options("/register/begin", &serde_json::json!({ "name": name }))
            .await;
        let answer = forger.register(&self.origin, &options);
        let page = self.post_json("/register/finish", &answer).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    }

    pub(crate) async fn show_passkey(&mut self, forger: &Forger) {
        let options = self.options("/sign-in/begin", &Value::Null).await;
        let answer = forger.sign_in(&self.origin, &options);
        let page = self.post_json("/sign-in/finish", &answer).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    }

    pub(crate) async fn options(&mut self, path: &str, body: &Value) -> Value {
        let page = self.post_json(path, body).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        page.json()
    }
}

impl Page {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    /// Where it leads.
    pub(crate) fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }

    #[track_caller]
    pub(crate) fn assert_leads_to(&self, path: &str) {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text);
        assert_eq!(self.location(), path);
    }

    /// Asserts what a person reads in the alert.
    #[track_caller]
    pub(crate) fn assert_alert(&self, status: StatusCode, words: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        let alert = self.text.split_once(r#"role="alert">"#).unwrap().1;
        let alert = alert.split("</p>").next().unwrap();
        assert!(alert.contains(words), "{alert}");
    }
}

fn percent(text: &str) -> String {
    let escapes: Vec<_> = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    escapes.concat()
}
