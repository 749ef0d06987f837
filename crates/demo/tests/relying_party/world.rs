//! A site with two accounts, people with phones, and their browsers.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;
use hawser_demo::console::admin::{self, Command};
use hawser_demo::relying_party::{
    AccountError, AccountKind, Clock, NewUser, Options, RelyingParty, StorePlace, UserKind,
};
use passkey_authenticator::{Authenticator, MemoryStore, UiHint, UserCheck, UserValidationMethod};
use passkey_client::{Client, DefaultClientData};
use passkey_crypto::AvailableBackend;
use passkey_types::Passkey;
use passkey_types::ctap2::{Aaguid, Ctap2Error};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use webauthn_rs::prelude::Url;

pub(crate) const ORIGIN: &str = "http://localhost:4321";

pub(crate) struct World {
    pub(crate) site: RelyingParty,
    now: Arc<Mutex<SystemTime>>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::at(ORIGIN)
    }

    pub(crate) fn at(origin: &str) -> Self {
        let now = Arc::new(Mutex::new(SystemTime::UNIX_EPOCH));
        let hand = Arc::clone(&now);
        let clock = Clock::from_fn(move || *hand.lock().unwrap());
        let site = RelyingParty::open(Options {
            origin: Url::parse(origin).unwrap(),
            store: StorePlace::Memory,
            clock,
        });
        let world = Self {
            site: site.unwrap(),
            now,
        };
        let site = &world.site;
        site.add_account("Example", AccountKind::Management)
            .unwrap();
        world
            .add_user("alice", "Alice", "alice's password")
            .unwrap();
        world.add_user("bob", "Bob", "bob's password").unwrap();
        world
    }

    pub(crate) fn add_user(
        &self,
        name: &str,
        display_name: &str,
        password: &str,
    ) -> Result<(), AccountError> {
        self.site.add_user(&NewUser {
            account: "Example",
            name,
            display_name,
            password,
            kind: UserKind::User,
            administrator: false,
        })
    }

    /// The audit trail as the command line tells it, oldest first, without times.
    pub(crate) async fn audit(&self) -> Vec<String> {
        let all = Command::Audit {
            user: None,
            most: 100,
        };
        let told = admin::execute(&self.site, all).await.unwrap();
        let lines = told.lines().map(|line| line.split_once(' ').unwrap().1);
        lines.map(|line| line.trim_end().to_owned()).collect()
    }

    pub(crate) fn pass(&self, time: Duration) {
        *self.now.lock().unwrap() += time;
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser {
            site: self.site.clone(),
            cookie: None,
        }
    }

    /// A browser in which a password has been accepted.
    pub(crate) async fn browser_of(&self, user: &str) -> Browser {
        let mut browser = self.browser();
        let password = format!("{user}'s password");
        let (status, body) = browser.password(user, &password).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        browser
    }

    /// A phone that holds a passkey of the user's.
    pub(crate) async fn enrolled_phone(&self, user: &str) -> Phone {
        let mut phone = Phone::new();
        let mut browser = self.browser_of(user).await;
        let options = browser.begin("/register/begin").await;
        let answer = phone.register(ORIGIN, options).await;
        let (status, body) = browser.post("/register/finish", &answer).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        phone
    }
}

/// Keeps a cookie, as browsers do.
#[derive(Clone)]
pub(crate) struct Browser {
    site: RelyingParty,
    pub(crate) cookie: Option<String>,
}

impl Browser {
    pub(crate) async fn send(&mut self, mut request: Request<Body>) -> Response {
        if let Some(cookie) = &self.cookie {
            let cookie = cookie.parse().unwrap();
            request.headers_mut().insert(header::COOKIE, cookie);
        }
        let response = self.site.router().oneshot(request).await.unwrap();
        if let Some(set) = response.headers().get(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            self.cookie = Some(pair.to_owned());
        }
        response
    }

    pub(crate) async fn get(&mut self, path: &str) -> (StatusCode, Value) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        read(self.send(request).await).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        read(self.send(request).await).await
    }

    pub(crate) async fn password(&mut self, user: &str, password: &str) -> (StatusCode, Value) {
        let body = json!({"user": user, "password": password});
        self.post("/password", &body).await
    }

    /// The options of a ceremony that the site is willing to begin.
    pub(crate) async fn begin(&mut self, path: &str) -> Value {
        let (status, options) = self.post(path, &Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{options}");
        options
    }

    pub(crate) async fn standing(&mut self) -> Value {
        self.get("/me").await.1
    }
}

pub(crate) async fn read(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    (status, body)
}

/// Asserts a refusal and returns its sentence.
#[track_caller]
pub(crate) fn assert_refused(
    (status, body): (StatusCode, Value),
    expected: StatusCode,
    code: &str,
) -> String {
    assert_eq!(
        (status, body["error"].as_str()),
        (expected, Some(code)),
        "{body}"
    );
    body["message"].as_str().unwrap().to_owned()
}

/// A phone: the software authenticator, asked by the client that belongs to it.
pub(crate) struct Phone {
    client: Client<MemoryStore, Person, AvailableBackend, public_suffix::PublicSuffixList, ()>,
}

impl Phone {
    pub(crate) fn new() -> Self {
        Self::of(Person { is_verified: true })
    }

    /// A phone that anyone may use: it signs without verifying its user.
    pub(crate) fn without_verification() -> Self {
        Self::of(Person { is_verified: false })
    }

    fn of(person: Person) -> Self {
        let store = MemoryStore::new();
        let authenticator =
            Authenticator::new(Aaguid::new_empty(), store, person, AvailableBackend);
        Self {
            client: Client::new(authenticator).allows_insecure_localhost(true),
        }
    }

    /// Counts the signatures of passkeys that are made from now on.
    pub(crate) fn counting(mut self) -> Self {
        let authenticator = self.client.authenticator_mut();
        authenticator.set_make_credentials_with_signature_counter(true);
        self
    }

    pub(crate) fn passkeys(&self) -> MemoryStore {
        self.client.authenticator().store().clone()
    }

    pub(crate) fn restore(&mut self, passkeys: MemoryStore) {
        *self.client.authenticator_mut().store_mut() = passkeys;
    }

    pub(crate) async fn register(&mut self, origin: &str, options: Value) -> Value {
        let origin = Url::parse(origin).unwrap();
        let options = serde_json::from_value(options).unwrap();
        let answer = self.client.register(&origin, options, DefaultClientData);
        as_browsers_write(serde_json::to_value(answer.await.unwrap()).unwrap())
    }

    pub(crate) async fn sign_in(&mut self, origin: &str, options: Value) -> Value {
        let origin = Url::parse(origin).unwrap();
        let options = serde_json::from_value(options).unwrap();
        let answer = self
            .client
            .authenticate(&origin, options, DefaultClientData);
        as_browsers_write(serde_json::to_value(answer.await.unwrap()).unwrap())
    }
}

/// passkey-types writes bytes as lists of numbers, browsers as base64url.
fn as_browsers_write(value: Value) -> Value {
    match value {
        Value::Array(list) if list.first().is_some_and(Value::is_u64) => {
            let bytes: Vec<u8> = serde_json::from_value(Value::Array(list)).unwrap();
            json!(BASE64URL_NOPAD.encode(&bytes))
        }
        Value::Object(members) => members
            .into_iter()
            .map(|(name, member)| (name, as_browsers_write(member)))
            .collect(),
        other => other,
    }
}

struct Person {
    is_verified: bool,
}

#[async_trait::async_trait]
impl UserValidationMethod for Person {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _: UiHint<'a, Passkey>,
        presence: bool,
        _: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck {
            presence,
            verification: self.is_verified,
        })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        self.is_verified.then_some(true)
    }
}
