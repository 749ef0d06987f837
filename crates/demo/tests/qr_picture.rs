//! Drawn codes are read back; everything else is a clear error.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Cursor;

use hawser_demo::qr_picture::{
    MAX_IMAGE_FILE, MAX_IMAGE_SIDE, MAX_TERMINAL_COLUMNS, MAX_TERMINAL_LINES, Picture, ReadError,
    read_image, read_terminal,
};
use image::{DynamicImage, GrayImage, ImageFormat, Luma, LumaA, imageops};
use proptest::prelude::*;

/// Invitations of real size: 168 digits is what a browser shows.
const INVITATIONS: [&str; 2] = [
    "FIDO:/043155922883708545505460856914336732359279091142879314014850803100475640663994917337900564050807301262025421010491811870057950297627316200265340480783106109321447142660",
    "FIDO:/167368653353118516106992816848287837205759403792793572057594037927935000000000000000000720575940379279352557205759403792793500000000000000000",
];

fn luma(text: &str) -> GrayImage {
    image::load_from_memory(&Picture::of(text).unwrap().png().unwrap())
        .unwrap()
        .to_luma8()
}

fn file(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut file = Vec::new();
    image
        .into()
        .write_to(&mut Cursor::new(&mut file), format)
        .unwrap();
    file
}

fn white(width: u32, height: u32) -> GrayImage {
    GrayImage::from_pixel(width, height, Luma([255]))
}

#[test]
fn a_terminal_is_read_back() {
    for text in INVITATIONS {
        let picture = Picture::of(text).unwrap();
        assert_eq!(read_terminal(&picture.terminal()).unwrap(), text);
        assert_eq!(read_terminal(&picture.coloured()).unwrap(), text);
    }
}

#[test]
fn a_terminal_is_read_back_with_text_around_it_and_blanks_cut() {
    let text = INVITATIONS[0];
    let drawn = Picture::of(text).unwrap().terminal();
    let mut screen = String::from("$ hawser laptop\nScan this with your phone:\r\n\n");
    for line in drawn.lines() {
        screen.push_str("    ");
        screen.push_str(line.trim_end());
        screen.push_str("\r\n");
    }
    screen.push_str("Waiting for a phone ...\n");
    assert_eq!(read_terminal(&screen).unwrap(), text);
}

#[test]
fn a_terminal_of_the_other_polarity_is_read_back() {
    let text = INVITATIONS[0];
    let dark_ink: String = Picture::of(text)
        .unwrap()
        .terminal()
        .chars()
        .map(|block| match block {
            '█' => ' ',
            ' ' => '█',
            '▀' => '▄',
            '▄' => '▀',
            other => other,
        })
        .collect();
    let cut: Vec<&str> = dark_ink.lines().map(str::trim_end).collect();
    assert_eq!(read_terminal(&cut.join("\n")).unwrap(), text);
}

#[test]
fn images_are_read_back() {
    for text in INVITATIONS {
        let code = luma(text);
        let picture = Picture::of(text).unwrap();
        assert_eq!(read_image(&picture.png().unwrap()).unwrap(), text);
        assert_eq!(
            read_image(&file(code.clone(), ImageFormat::Jpeg)).unwrap(),
            text
        );
        let mut inverted = code;
        imageops::invert(&mut inverted);
        assert_eq!(read_image(&file(inverted, ImageFormat::Png)).unwrap(), text);
    }
}

#[test]
fn a_code_is_found_in_a_larger_noisy_screenshot() {
    let code = luma(INVITATIONS[0]);
    let mut screen = white(1000, 700);
    imageops::replace(&mut screen, &code, 311, 97);
    // A fixed pattern of grey levels stands for the noise of a camera.
    for (x, y, pixel) in screen.enumerate_pixels_mut() {
        let noise = u8::try_from((x * 31 + y * 17 + x * y) % 30).unwrap();
        pixel.0[0] = pixel.0[0].saturating_sub(noise).max(noise);
    }
    let screen = file(screen, ImageFormat::Jpeg);
    assert_eq!(read_image(&screen).unwrap(), INVITATIONS[0]);
}

#[test]
fn black_on_transparent_is_black_on_white() {
    let code = luma(INVITATIONS[0]);
    let transparent = image::GrayAlphaImage::from_fn(code.width(), code.height(), |x, y| {
        LumaA([0, 255 - code.get_pixel(x, y).0[0]])
    });
    let transparent = file(transparent, ImageFormat::Png);
    assert_eq!(read_image(&transparent).unwrap(), INVITATIONS[0]);
}

#[test]
fn other_codes_are_passed_over() {
    let (other, invitation) = (luma("https://example.com/menu"), luma(INVITATIONS[0]));
    let mut screen = white(900, 500);
    imageops::replace(&mut screen, &other, 20, 20);
    imageops::replace(&mut screen, &invitation, 450, 40);
    let screen = file(screen, ImageFormat::Png);
    assert_eq!(read_image(&screen).unwrap(), INVITATIONS[0]);
}

#[test]
fn two_different_invitations_are_ambiguous_and_the_same_twice_is_not() {
    let mut screen = white(900, 500);
    imageops::replace(&mut screen, &luma(INVITATIONS[0]), 20, 20);
    imageops::replace(&mut screen, &luma(INVITATIONS[0]), 450, 40);
    assert_eq!(
        read_image(&file(screen.clone(), ImageFormat::Png)).unwrap(),
        INVITATIONS[0]
    );
    imageops::replace(&mut screen, &white(450, 500), 450, 0);
    imageops::replace(&mut screen, &luma(INVITATIONS[1]), 450, 40);
    let error = read_image(&file(screen, ImageFormat::Png)).unwrap_err();
    assert!(matches!(error, ReadError::SeveralInvitations), "{error:?}");
}

#[test]
fn a_code_that_is_no_invitation_is_named_so() {
    let picture = Picture::of("https://example.com/FIDO:/123").unwrap();
    for error in [
        read_image(&picture.png().unwrap()).unwrap_err(),
        read_terminal(&picture.terminal()).unwrap_err(),
    ] {
        assert!(matches!(error, ReadError::NotAnInvitation), "{error:?}");
    }
}

#[test]
fn pictures_without_a_code() {
    let blank = file(white(300, 300), ImageFormat::Png);
    assert!(matches!(read_image(&blank), Err(ReadError::NoQrCode)));
    let dot = file(white(1, 1), ImageFormat::Png);
    assert!(matches!(read_image(&dot), Err(ReadError::NoQrCode)));
    for text in ["", "\n\n\n", "FIDO:/123", "██████\n██████", "\u{1b}[31"] {
        let error = read_terminal(text).unwrap_err();
        assert!(matches!(error, ReadError::NoQrCode), "{text:?}: {error:?}");
    }
}

#[test]
fn a_code_painted_over_is_damaged() {
    let mut code = luma(INVITATIONS[0]);
    // The three corners stay, so that a code is still seen.
    imageops::replace(&mut code, &white(150, 90), 100, 140);
    let error = read_image(&file(code, ImageFormat::Png)).unwrap_err();
    assert!(matches!(error, ReadError::Damaged(_)), "{error:?}");
}

#[test]
fn broken_files_are_not_images() {
    let png = Picture::of(INVITATIONS[0]).unwrap().png().unwrap();
    for bytes in [
        &b""[..],
        b"hello",
        b"GIF89a",
        &png[..8],
        &png[..png.len() / 2],
    ] {
        let error = read_image(bytes).unwrap_err();
        assert!(matches!(error, ReadError::NotAnImage(_)), "{error:?}");
    }
}

#[test]
fn sizes_are_bounded() {
    let wide = file(white(MAX_IMAGE_SIDE + 1, 1), ImageFormat::Png);
    assert!(matches!(read_image(&wide), Err(ReadError::ImageTooLarge)));
    let long = vec![0; MAX_IMAGE_FILE + 1];
    assert!(matches!(read_image(&long), Err(ReadError::ImageTooLarge)));

    let wide = "█".repeat(MAX_TERMINAL_COLUMNS + 1);
    assert!(matches!(read_terminal(&wide), Err(ReadError::TextTooLarge)));
    let long = "█\n".repeat(MAX_TERMINAL_LINES + 1);
    assert!(matches!(read_terminal(&long), Err(ReadError::TextTooLarge)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_invitation_survives(digits in "[0-9]{3,250}") {
        let text = format!("FIDO:/{digits}");
        let picture = Picture::of(&text).unwrap();
        prop_assert_eq!(read_terminal(&picture.terminal()).unwrap(), text.clone());
        prop_assert_eq!(read_image(&picture.png().unwrap()).unwrap(), text);
    }

    #[test]
    fn noise_never_panics_and_is_never_an_invitation(
        seed in proptest::collection::vec(any::<u8>(), 64..4096),
        width in 1_u32..200,
    ) {
        let height = u32::try_from(seed.len()).unwrap() / width + 1;
        let noise = GrayImage::from_fn(width, height, |x, y| {
            let index = usize::try_from(y * width + x).unwrap() % seed.len();
            Luma([seed[index]])
        });
        prop_assert!(read_image(&file(noise, ImageFormat::Png)).is_err());
    }

    #[test]
    fn spoilt_codes_never_give_another_text(
        spots in proptest::collection::vec((0_u32..360, 0_u32..360, 4_u32..40, any::<u8>()), 1..12),
    ) {
        let mut code = luma(INVITATIONS[0]);
        for (x, y, size, level) in spots {
            let spot = GrayImage::from_pixel(size, size, Luma([level]));
            imageops::replace(&mut code, &spot, x.into(), y.into());
        }
        if let Ok(text) = read_image(&file(code, ImageFormat::Png)) {
            prop_assert_eq!(text, INVITATIONS[0]);
        }
    }

    #[test]
    fn half_blocks_in_any_order_never_panic(text in "[ █▀▄\n]{0,800}") {
        prop_assert!(read_terminal(&text).is_err());
    }
}
