//! With the feature `bindgen`, writes what `src/bindings.rs` should be into OUT_DIR; without it,
//! nothing.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "bindgen")]
    generate();
}

/// All the header names but the old socket-option interface, which knows IPv4 only: its structs that
/// end in a flexible array would be the only unsafe code here.
#[cfg(feature = "bindgen")]
fn generate() {
    let out = std::path::PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    bindgen::Builder::default()
        .header_contents("ip_vs.h", "#include <linux/ip_vs.h>\n")
        .allowlist_var("IP_VS_.*|IPVS_.*")
        .allowlist_type("ip_vs_.*")
        .blocklist_item("IP_VS_SO_.*|IP_VS_BASE_CTL")
        .blocklist_type("ip_vs_.*_user|ip_vs_.*_entry|ip_vs_get.*")
        .rust_edition(bindgen::RustEdition::Edition2024)
        .wrap_unsafe_ops(true)
        .use_core()
        .layout_tests(true)
        .generate_comments(false)
        .formatter(bindgen::Formatter::Prettyplease)
        .generate()
        .expect("linux/ip_vs.h (linux-libc-dev) and libclang (libclang-dev) are installed")
        .write_to_file(out.join("bindings.rs"))
        .expect("OUT_DIR can be written");
}
