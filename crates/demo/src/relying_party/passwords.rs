//! Password hashes: Argon2id with the parameters that its crate recommends (OWASP's: 19 MiB, two
//! passes).

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::{
    self, PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString,
};
use rand_core::OsRng;
use tokio::sync::Semaphore;

/// Hashes passwords, a few at a time.
pub(super) struct Passwords {
    /// What the password of a user who does not exist is compared with.
    dummy: Hash,
    /// Each verification takes 19 MiB and a processor.
    gate: Semaphore,
}

/// A salted hash in PHC form. Never shown.
#[derive(Clone)]
pub(crate) struct Hash(Arc<str>);

impl Hash {
    pub(super) fn stored(&self) -> &str {
        &self.0
    }

    pub(super) fn from_stored(phc: &str) -> Self {
        Self(phc.into())
    }
}

impl Passwords {
    pub(super) fn new() -> Result<Self, password_hash::Error> {
        let nobodys = SaltString::generate(&mut OsRng);
        Ok(Self {
            dummy: hash(nobodys.as_str())?,
            gate: Semaphore::new(AT_A_TIME),
        })
    }

    /// Whether the password is the account's. Without an account the answer is no, after the same
    /// work.
    ///
    /// Cancel safe; a hash under way is finished for nothing.
    pub(super) async fn verify(&self, account: Option<Hash>, password: String) -> bool {
        let exists = account.is_some();
        let hash = self.hash_to_verify(account);
        let Ok(_permit) = self.gate.acquire().await else {
            return false;
        };
        let fits = tokio::task::spawn_blocking(move || fits(&hash, &password)).await;
        exists && fits.unwrap_or(false)
    }

    fn hash_to_verify(&self, account: Option<Hash>) -> Hash {
        account.unwrap_or_else(|| self.dummy.clone())
    }
}

/// Hashes a password with a fresh salt.
pub(super) fn hash(password: &str) -> Result<Hash, password_hash::Error> {
    let salt = SaltString::generate(&mut OsRng);
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt)?;
    Ok(Hash(hash.to_string().into()))
}

fn fits(hash: &Hash, password: &str) -> bool {
    PasswordHash::new(&hash.0).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

const AT_A_TIME: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_an_account_fits() {
        let passwords = Passwords::new().unwrap();
        let account = hash("correct horse").unwrap();
        let verify = async |account: Option<&Hash>, password: &str| {
            passwords
                .verify(account.cloned(), password.to_owned())
                .await
        };
        assert!(verify(Some(&account), "correct horse").await);
        assert!(!verify(Some(&account), "correct horse ").await);
        assert!(!verify(Some(&account), "").await);
        assert!(!verify(None, "correct horse").await);
    }

    #[test]
    fn a_missing_user_costs_what_an_account_costs() {
        let passwords = Passwords::new().unwrap();
        let account = hash("correct horse").unwrap();
        let verified = passwords.hash_to_verify(None);
        let (real, dummy) = (
            PasswordHash::new(&account.0).unwrap(),
            PasswordHash::new(&verified.0).unwrap(),
        );
        assert_eq!(real.algorithm.as_str(), "argon2id");
        assert_eq!(dummy.algorithm, real.algorithm);
        assert_eq!(dummy.params, real.params);
        assert_eq!(dummy.salt.unwrap().len(), real.salt.unwrap().len());
        assert_eq!(dummy.hash.unwrap().len(), real.hash.unwrap().len());
    }

    #[tokio::test]
    async fn even_the_dummys_password_signs_nobody_in() {
        let passwords = Passwords {
            dummy: hash("dummy").unwrap(),
            gate: Semaphore::new(1),
        };
        assert!(!passwords.verify(None, "dummy".to_owned()).await);
    }

    #[test]
    fn the_same_password_has_two_hashes() {
        assert_ne!(hash("same").unwrap().0, hash("same").unwrap().0);
    }
}
