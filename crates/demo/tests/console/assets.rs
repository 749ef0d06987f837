//! Styles and scripts: every file is served as what it is, and whatever names one names one that is there.

use std::collections::BTreeSet;
use std::path::Path;

use axum::http::{StatusCode, header};

use crate::visitor::{Harbour, Visitor};

/// The addresses of all files in `assets/`.
fn files() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    let mut folders = vec![root.join("assets")];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap();
                found.insert(format!("/{}", name.to_str().unwrap()));
            }
        }
    }
    found
}

/// What stands between these two, wherever it does.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    let rest = text.split(before).skip(1);
    rest.filter_map(|rest| rest.split_once(after))
        .map(|(found, _)| found)
        .collect()
}

/// The module with everything that it imports, and what those import.
async fn with_imports(visitor: &mut Visitor, module: &str, seen: &mut BTreeSet<String>) {
    let mut modules = vec![module.to_owned()];
    while let Some(module) = modules.pop() {
        if !seen.insert(module.clone()) {
            continue;
        }
        let page = visitor.get(&module).await;
        assert_eq!(page.status, StatusCode::OK, "{module}");
        let (folder, _) = module.rsplit_once('/').unwrap();
        let imports = between(&page.text, " from \"", "\"");
        assert_eq!(
            imports.len(),
            page.text.matches("import ").count(),
            "{module}"
        );
        for import in imports {
            modules.push(format!("{folder}/{}", import.strip_prefix("./").unwrap()));
        }
    }
}

#[tokio::test]
async fn every_file_is_served_as_what_it_is() {
    let harbour = Harbour::open().await;
    let mut visitor = harbour.visitor();
    let files = files();
    assert!(files.contains("/assets/console/ceremony.js"), "{files:?}");
    for path in files {
        let page = visitor.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        let kind = match path.rsplit_once('.').unwrap().1 {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "svg" => "image/svg+xml",
            other => panic!("what is {other}?"),
        };
        assert_eq!(page.headers[header::CONTENT_TYPE], kind, "{path}");
        assert_eq!(page.headers[header::CACHE_CONTROL], "no-cache", "{path}");
        let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str();
        assert!(policy.unwrap().contains("script-src 'self'"), "{path}");
        assert_eq!(page.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
}

#[tokio::test]
async fn pages_and_modules_name_every_file_and_no_other() {
    let harbour = Harbour::open().await;
    let mut visitor = harbour.visitor();
    let mut named = BTreeSet::new();
    for path in ["/sign-in", "/phone/coral", "/wire"] {
        let page = visitor.get(path).await;
        for attribute in ["href=\"", "src=\""] {
            let assets = between(&page.text, attribute, "\"");
            let assets = assets.into_iter().filter(|at| at.starts_with("/assets/"));
            named.extend(assets.map(str::to_owned));
        }
    }
    assert!(named.remove("/assets/console.js"));
    with_imports(&mut visitor, "/assets/console.js", &mut named).await;
    assert_eq!(named, files());
}
