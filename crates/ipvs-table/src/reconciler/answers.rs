//! What an answer to a window of requests means.

use alloc::vec::Vec;
use core::mem;

use clock::Instant;

use super::doubts::Doubt;
use super::refusals::News;
use super::{Output, Question, Reconciler, Refusal};
use crate::Request;

/// No such destination, or no such scheduler module. The same number on every architecture, as the
/// two below.
const ENOENT: i32 = 2;
/// No such service.
const ESRCH: i32 = 3;
/// The service or destination is there already.
const EEXIST: i32 = 17;

/// What one answer means.
enum Meaning {
    Granted,
    /// Somebody else changed the table.
    Surprise(Doubt),
    /// The service was refused just before, so its servers have nowhere to go.
    Orphan,
    Refused(i32),
}

impl Reconciler {
    pub(super) fn answered(&mut self, now: Instant, answers: &[i32], outputs: &mut Vec<Output>) {
        let requests = match &mut self.open {
            Some(Question::Ask(requests)) if requests.len() == answers.len() => mem::take(requests),
            Some(Question::Ask(_)) => return self.lost(now),
            Some(Question::Dump | Question::List | Question::Servers(_)) | None => return,
        };
        self.open = None;
        let mut surprised = false;
        for (request, &errno) in requests.into_iter().zip(answers) {
            let key = request.service();
            self.dirty.insert(key);
            // What is doubted is read again anyway.
            if !self.doubts.contains(key) {
                self.take_answer(now, request, errno, outputs);
                surprised |= self.doubts.contains(key);
            }
        }
        if surprised {
            self.patience.strike(now);
        } else {
            self.patience.reset();
        }
    }

    fn take_answer(
        &mut self,
        now: Instant,
        request: Request,
        errno: i32,
        outputs: &mut Vec<Output>,
    ) {
        let (service, server) = (request.service(), request.server());
        match self.meaning(&request, errno) {
            Meaning::Granted => request.apply(&mut self.kernel),
            Meaning::Surprise(doubt) => self.doubts.insert(service, doubt),
            Meaning::Orphan => {}
            Meaning::Refused(errno) => {
                if self.refusals.note(now, (service, server), errno) == News::New {
                    outputs.push(Output::Refused(Refusal { service, server, errno }));
                }
            }
        }
    }

    fn meaning(&self, request: &Request, errno: i32) -> Meaning {
        match (request, errno) {
            (_, 0) => Meaning::Granted,
            (Request::AddService(..), EEXIST) => Meaning::Surprise(Doubt::Service),
            (Request::AddService(..), _) => Meaning::Refused(errno),
            (Request::AddServer(..), EEXIST)
            | (Request::SetServer(..) | Request::DeleteServer(..), ENOENT) => {
                Meaning::Surprise(Doubt::Servers)
            }
            (_, ESRCH) if self.kernel.contains_key(&request.service()) => {
                Meaning::Surprise(Doubt::Service)
            }
            (_, ESRCH) => Meaning::Orphan,
            (_, _) => Meaning::Refused(errno),
        }
    }
}
