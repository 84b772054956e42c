//! How fast lists of contacts are read, without anything behind: `cargo run --release -p outdial-api
//! --example read_list -- 1000000`.

use std::time::Instant;

use outdial_api::contacts::{ContactReader, Format, Row};
use outdial_domain::Country;

/// Bytes that come at once, as from a socket.
const PIECE: usize = 64 * 1024;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let lines: usize = match std::env::args().nth(1) {
        Some(lines) => lines.parse()?,
        None => 100_000,
    };
    let csv = |n: usize| format!("+8613{:09},A-{n},Name {n}\n", n % 1_000_000_000);
    let json = |n: usize| {
        format!(
            "{{\"number\":\"+8613{n:09}\",\"external_id\":\"A-{n}\",\"attributes\":{{\"name\":\"Name {n}\"}}}}\n"
        )
    };
    let csv = std::iter::once("number,external_id,name\n".to_owned()).chain((0..lines).map(csv));
    measure("csv", Format::Csv, &csv.collect::<String>())?;
    measure(
        "ndjson",
        Format::Ndjson,
        &(0..lines).map(json).collect::<String>(),
    )?;
    Ok(())
}

fn measure(name: &str, format: Format, list: &str) -> Result<(), Box<dyn std::error::Error>> {
    let begun = Instant::now();
    let mut reader = ContactReader::new(format, Country::new("CN")?);
    let mut contacts = 0_u32;
    for piece in list.as_bytes().chunks(PIECE) {
        reader.feed(piece);
        while let Some(row) = reader.read()? {
            contacts += u32::from(matches!(row, Row::Contact(_)));
        }
    }
    reader.end();
    while reader.read()?.is_some() {}
    let took = begun.elapsed();
    let each = took.as_nanos() / u128::from(contacts.max(1));
    println!("{name}: {contacts} contacts in {took:.2?}, {each} ns each");
    Ok(())
}
