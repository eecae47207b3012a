//! A cluster with TLS and tokens: who is let in, who is not, and what is not shown to anybody.

mod cluster;
mod doors;
mod secrets;
