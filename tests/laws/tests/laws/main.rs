//! One test for each law that can be read off the tree.

mod house;
mod licences;
mod text;
