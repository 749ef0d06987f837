//! From a relying party's options to the response that it verifies, and back again: `webauthn-rs` is
//! the relying party, Hawser's software authenticator the phone. No transport in between.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use hawser_laptop::ctap::{Assertion, CtapRequest, ReplyError, Status};
use hawser_laptop::webauthn::{Authentication, OptionsError, Origin, Registration, ResponseError};
use hawser_phone::store::MemoryStore;
use hawser_phone::{Approver, Ask, Authenticator, Decision};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use webauthn_rs::prelude::{
    Passkey, PasskeyAuthentication, RequestChallengeResponse, Url, Uuid, Webauthn, WebauthnBuilder,
};

const RP_ID: &str = "example.com";

struct SaysYes;

impl Approver for SaysYes {
    async fn approve(&self, _: &Ask<'_>) -> Decision {
        Decision::Approve
    }
}

type Phone = Authenticator<MemoryStore, SaysYes>;

fn phone() -> Phone {
    Authenticator::new(MemoryStore::new(), SaysYes)
}

fn origin() -> Origin {
    "https://login.example.com".parse().unwrap()
}

fn relying_party() -> Webauthn {
    let url = Url::parse(&origin().to_string()).unwrap();
    WebauthnBuilder::new(RP_ID, &url)
        .unwrap()
        .rp_name("Example")
        .build()
        .unwrap()
}

/// As a browser's page would pass it on.
fn through_json<T: DeserializeOwned>(response: &impl Serialize) -> T {
    let json = serde_json::to_string(response).unwrap();
    serde_json::from_str(&json).unwrap()
}

async fn get_info(phone: &Phone) -> Vec<u8> {
    [vec![0x00], phone.info().await].concat()
}

async fn register(site: &Webauthn, phone: &mut Phone) -> Passkey {
    let (challenge, state) = site
        .start_passkey_registration(Uuid::from_u128(1), "ann@example.com", "Ann", None)
        .unwrap();
    let options = serde_json::to_string(&challenge).unwrap();
    let ceremony = Registration::from_json(&options, &origin()).unwrap();

    let info = get_info(phone).await;
    let reply = phone
        .respond(CtapRequest::from(ceremony.request()).as_bytes())
        .await;
    let response = ceremony.response(&reply, Some(&info)).unwrap();
    site.finish_passkey_registration(&through_json(&response), &state)
        .unwrap()
}

/// A sign-in that the phone has answered.
struct SignIn {
    challenge: RequestChallengeResponse,
    state: PasskeyAuthentication,
    ceremony: Authentication,
    reply: Vec<u8>,
}

impl SignIn {
    async fn ask(site: &Webauthn, phone: &mut Phone, passkey: &Passkey) -> Self {
        let (challenge, state) = site
            .start_passkey_authentication(std::slice::from_ref(passkey))
            .unwrap();
        let options = serde_json::to_string(&challenge).unwrap();
        let ceremony = Authentication::from_json(&options, &origin()).unwrap();
        let reply = phone
            .respond(CtapRequest::from(ceremony.request()).as_bytes())
            .await;
        Self {
            challenge,
            state,
            ceremony,
            reply,
        }
    }
}

#[tokio::test]
async fn a_relying_party_accepts_registration_and_sign_in() {
    let (site, mut phone) = (relying_party(), phone());
    let passkey = register(&site, &mut phone).await;

    let asked = SignIn::ask(&site, &mut phone, &passkey).await;
    let response = asked.ceremony.response(&asked.reply).unwrap();
    let result = site
        .finish_passkey_authentication(&through_json(&response), &asked.state)
        .unwrap();
    assert_eq!(result.cred_id(), passkey.cred_id());
    assert!(result.user_verified());
}

fn creation_options() -> Value {
    json!({
        "challenge": "AAECAwQFBgcICQoLDA0ODw",
        "rp": {"name": "Example", "id": RP_ID},
        "user": {"id": "AQ", "name": "ann", "displayName": "Ann"},
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
        "timeout": 60000,
        "authenticatorSelection": {"residentKey": "preferred", "userVerification": "required"},
        "excludeCredentials": [
            {"type": "public-key", "id": "AgM", "transports": ["usb"]},
            {"type": "password", "id": "BAU"},
        ],
        "extensions": {"credProps": true},
    })
}

fn registration(options: &Value) -> Result<Registration, OptionsError> {
    Registration::from_json(&options.to_string(), &origin())
}

#[tokio::test]
async fn the_registration_response_has_the_shape_of_webauthn_json() {
    let mut phone = phone();
    let ceremony = registration(&creation_options()).unwrap();
    let reply = phone
        .respond(CtapRequest::from(ceremony.request()).as_bytes())
        .await;
    let info = get_info(&phone).await;
    let response = ceremony.response(&reply, Some(&info)).unwrap();
    let json = serde_json::to_value(&response).unwrap();

    assert_eq!(json["id"], json["rawId"]);
    assert_eq!(json["type"], "public-key");
    assert_eq!(json["authenticatorAttachment"], "cross-platform");
    assert_eq!(
        json["clientExtensionResults"],
        json!({"credProps": {"rk": true}})
    );
    let attestation = &json["response"];
    assert_eq!(attestation["publicKeyAlgorithm"], -7);
    for member in ["clientDataJSON", "authenticatorData", "attestationObject"] {
        assert!(attestation[member].is_string(), "{member}");
    }
    let transports: Vec<_> = attestation["transports"].as_array().unwrap().clone();
    assert!(transports.contains(&json!("hybrid")), "{transports:?}");
}

#[test]
fn options_become_a_request() {
    let ceremony = registration(&creation_options()).unwrap();
    let request = ceremony.request();
    assert!(request.discoverable);
    assert!(request.verify_user);
    assert_eq!(request.algorithms, [-7]);
    assert_eq!(request.exclude, [[2, 3]]);
    assert_eq!(ceremony.timeout().unwrap().as_secs(), 60);

    let mut options = creation_options();
    options["authenticatorSelection"] =
        json!({"residentKey": "discouraged", "userVerification": "discouraged"});
    options["rp"] = json!({"name": ""});
    let ceremony = registration(&json!({"publicKey": options})).unwrap();
    assert!(!ceremony.request().discoverable);
    assert!(!ceremony.request().verify_user);
    assert_eq!(ceremony.request().relying_party.id, "login.example.com");
    assert_eq!(ceremony.request().relying_party.name, "login.example.com");
}

#[test]
fn options_that_are_refused() {
    let mut options = creation_options();
    options["rp"]["id"] = json!("example.org");
    assert!(matches!(
        registration(&options),
        Err(OptionsError::RelyingPartyId { .. })
    ));

    let mut options = creation_options();
    options["rp"]["id"] = json!("com");
    assert!(matches!(
        registration(&options),
        Err(OptionsError::RelyingPartyId { .. })
    ));

    let mut options = creation_options();
    options["user"]["id"] = json!("");
    assert!(matches!(
        registration(&options),
        Err(OptionsError::UserId(0))
    ));

    let mut options = creation_options();
    options["pubKeyCredParams"] = json!([{"type": "password", "alg": -7}]);
    assert!(matches!(
        registration(&options),
        Err(OptionsError::NoAlgorithm)
    ));

    assert!(matches!(
        Registration::from_json("{}", &origin()),
        Err(OptionsError::Json(_))
    ));
}

#[test]
fn no_parameters_mean_the_two_of_the_specification() {
    let mut options = creation_options();
    options["pubKeyCredParams"] = json!([]);
    let ceremony = registration(&options).unwrap();
    assert_eq!(ceremony.request().algorithms, [-7, -257]);
}

/// A phone's mistakes are found on the laptop, not only by the relying party.
#[tokio::test]
async fn replies_that_are_refused() {
    let (site, mut phone) = (relying_party(), phone());
    let passkey = register(&site, &mut phone).await;
    let sign_in = |rp_id: &str, allow: &[&[u8]], uv: &str| {
        let allow: Vec<_> = allow
            .iter()
            .map(|id| json!({"type": "public-key", "id": id}))
            .collect();
        let origin: Origin = format!("https://{rp_id}").parse().unwrap();
        let options = json!({
            "challenge": "AAECAwQFBgcICQoLDA0ODw",
            "rpId": rp_id,
            "allowCredentials": allow,
            "userVerification": uv,
        });
        Authentication::from_json(&options.to_string(), &origin).unwrap()
    };
    let any = sign_in(RP_ID, &[], "discouraged");
    let reply = phone
        .respond(CtapRequest::from(any.request()).as_bytes())
        .await;
    assert!(any.response(&reply).is_ok());

    let id: &[u8] = passkey.cred_id().as_ref();
    assert!(
        sign_in(RP_ID, &[&[9], id], "preferred")
            .response(&reply)
            .is_ok()
    );
    assert!(matches!(
        sign_in(RP_ID, &[&[9]], "preferred").response(&reply),
        Err(ResponseError::WrongPasskey)
    ));
    assert!(matches!(
        sign_in("example.org", &[], "preferred").response(&reply),
        Err(ResponseError::WrongRelyingParty)
    ));
    assert!(matches!(
        sign_in(RP_ID, &[], "required").response(&reply),
        Err(ResponseError::UserNotVerified)
    ));
    assert!(matches!(
        any.response(&[0x2e]),
        Err(ResponseError::Reply(ReplyError::Status(
            Status::NO_CREDENTIALS
        )))
    ));
}

/// CTAP 2.2 §6.2: a phone may leave out what the laptop knows.
#[tokio::test]
async fn the_only_allowed_passkey_need_not_be_named() {
    let (site, mut phone) = (relying_party(), phone());
    let passkey = register(&site, &mut phone).await;
    let asked = SignIn::ask(&site, &mut phone, &passkey).await;
    let nameless = without_credential(&Assertion::parse(&asked.reply).unwrap());
    let response = asked.ceremony.response(&nameless).unwrap();
    site.finish_passkey_authentication(&through_json(&response), &asked.state)
        .unwrap();

    let mut options = serde_json::to_value(&asked.challenge).unwrap();
    options["publicKey"]["allowCredentials"] = json!([]);
    let any = Authentication::from_json(&options.to_string(), &origin()).unwrap();
    assert!(matches!(
        any.response(&nameless),
        Err(ResponseError::WrongPasskey)
    ));
}

fn without_credential(assertion: &Assertion) -> Vec<u8> {
    let mut cbor = minicbor::Encoder::new(vec![0x00]);
    cbor.map(2)
        .unwrap()
        .u8(2)
        .unwrap()
        .bytes(assertion.authenticator_data.as_bytes())
        .unwrap()
        .u8(3)
        .unwrap()
        .bytes(&assertion.signature)
        .unwrap();
    cbor.into_writer()
}
