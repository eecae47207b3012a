//! Work that operators hand to other threads stays within the span of its task, so that its log
//! lines name run and job as well.

use std::any::Any;

use datafusion::common::runtime::{JoinSetTracer, set_join_set_tracer};
use futures::FutureExt;
use futures::future::BoxFuture;
use tracing::{Instrument, Span};

type Answer = Box<dyn Any + Send>;

struct CurrentSpan;

impl JoinSetTracer for CurrentSpan {
    fn trace_future(&self, work: BoxFuture<'static, Answer>) -> BoxFuture<'static, Answer> {
        work.in_current_span().boxed()
    }

    fn trace_block(
        &self,
        work: Box<dyn FnOnce() -> Answer + Send>,
    ) -> Box<dyn FnOnce() -> Answer + Send> {
        let span = Span::current();
        Box::new(move || span.in_scope(work))
    }
}

/// Makes it so in this process, from now on.
pub(super) fn follow() {
    // An error says that it is so already.
    let _ = set_join_set_tracer(&CurrentSpan);
}
