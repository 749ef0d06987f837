//! The desk's places.

use serde_json::json;
use tempfile::TempDir;

use super::ceremony::View;
use super::*;

struct Office {
    desk: Arc<LaptopDesk>,
    limits: Limits,
    _directory: TempDir,
}

impl Office {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let air = Air::at(directory.path().join("air")).unwrap();
        let dialer = hawser_tunnel::Dialer::new();
        // Nobody listens there, and nothing is dialled: no phone answers.
        let dialer = dialer.tunnel_service("ws://127.0.0.1:9").unwrap();
        let limits = Limits::new().unwrap();
        let origin = "http://localhost:1".parse().unwrap();
        let laptop = Laptop::new(dialer);
        let desk = LaptopDesk::new(laptop, air, origin, Wire::new(), limits.clone());
        Self {
            desk: Arc::new(desk),
            limits,
            _directory: directory,
        }
    }

    fn begin(&self, owner: usize) -> Result<String, DeskError> {
        let options = json!({"publicKey": {"challenge": "AAAA", "rpId": "localhost"}});
        self.desk.begin(session(owner), Operation::SignIn, &options)
    }

    fn full() -> (Self, Vec<String>) {
        let desk = Self::new();
        let ids = (0..MAX_CEREMONIES).map(|owner| desk.begin(owner).unwrap());
        let ids = ids.collect();
        (desk, ids)
    }
}

fn session(owner: usize) -> SessionSecret {
    SessionSecret::from_cookie(&owner.to_string())
}

#[tokio::test]
async fn there_are_so_many_places_and_not_one_more() {
    let (desk, ids) = Office::full();
    assert_eq!(desk.limits.count(Limit::Ceremonies), 0);
    let refused = desk.begin(MAX_CEREMONIES).unwrap_err();
    assert!(matches!(refused, DeskError::TooMany), "{refused}");
    assert!(refused.to_string().contains("try again"));
    assert_eq!(desk.limits.count(Limit::Ceremonies), 1);
    // Nobody lost theirs for it.
    for (owner, id) in ids.iter().enumerate() {
        assert!(!desk.desk.find(id, &session(owner)).unwrap().is_over());
    }
}

#[tokio::test]
async fn whoever_has_a_place_may_begin_again_at_a_full_desk() {
    let (desk, ids) = Office::full();
    let earlier = desk.desk.find(&ids[7], &session(7)).unwrap();
    let again = desk.begin(7).unwrap();
    assert!(matches!(
        desk.desk.find(&ids[7], &session(7)),
        Err(DeskError::Unknown)
    ));
    desk.desk.find(&again, &session(7)).unwrap();
    // And the earlier one ends.
    let mut view = earlier.watch();
    let over = view.wait_for(View::is_over).await.unwrap();
    assert!(over.failure.is_some());
}

#[tokio::test]
async fn a_place_is_free_when_its_ceremony_is_over() {
    let (desk, ids) = Office::full();
    let ended = desk.desk.find(&ids[0], &session(0)).unwrap();
    ended.cancel();
    ended.watch().wait_for(View::is_over).await.unwrap();
    desk.begin(MAX_CEREMONIES).unwrap();
    assert!(desk.begin(MAX_CEREMONIES + 1).is_err());
}
