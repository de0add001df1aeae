//! A kernel's IPVS table in memory: [`Model`] answers requests as Linux 6.1 does; [`FakeKernel`] is
//! one behind the table thread's trait, which records, fails and lags.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use ipvs::{Connections, Kernel, Lost};
use ipvs_table::{Request, Server, ServerKey, Service, ServiceKey, Table};

/// A service or one of its servers.
pub type Entry = (ServiceKey, Option<ServerKey>);

/// The table, and what it refuses.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// What it holds; edit it to play somebody else.
    pub table: Table,
    /// Entries that cannot be added or set, and the errno for it.
    pub refuses: BTreeMap<Entry, i32>,
}

impl Model {
    /// Carries the requests out in order; 0 or an errno each.
    pub fn ask(&mut self, requests: &[Request]) -> Vec<i32> {
        requests.iter().map(|request| self.answer(request)).collect()
    }

    /// All services without their servers, as the kernel lists them.
    pub fn services(&self) -> Table {
        let hashed = |service: &Service| {
            let settings = service.settings();
            Service { flags: settings.flags | Service::HASHED, ..settings }
        };
        self.table.iter().map(|(&key, service)| (key, hashed(service))).collect()
    }

    /// The servers of one service; none if it is not there.
    pub fn servers(&self, key: ServiceKey) -> BTreeMap<ServerKey, Server> {
        self.table.get(&key).map(|service| service.servers.clone()).unwrap_or_default()
    }

    /// The whole table, as the kernel dumps it.
    pub fn dump(&self) -> Table {
        let mut table = self.services();
        for (&key, service) in &mut table {
            service.servers = self.servers(key);
        }
        table
    }

    fn answer(&mut self, request: &Request) -> i32 {
        let (key, server) = (request.service(), request.server());
        let held = self.table.get(&key);
        let there =
            server.zip(held).is_some_and(|(server, held)| held.servers.contains_key(&server));
        let errno = match (request, held, there) {
            (Request::AddService(..), Some(_), _) => libc::EEXIST,
            (Request::AddService(..), None, _) => 0,
            (_, None, _) => libc::ESRCH,
            (Request::AddServer(..), Some(_), true) => libc::EEXIST,
            (Request::SetServer(..) | Request::DeleteServer(..), Some(_), false) => libc::ENOENT,
            (_, Some(_), _) => 0,
        };
        let delete = matches!(request, Request::DeleteService(_) | Request::DeleteServer(..));
        let refused = self.refuses.get(&(key, server)).filter(|_| !delete);
        let errno = if errno == 0 { refused.copied().unwrap_or(0) } else { errno };
        if errno == 0 {
            request.clone().apply(&mut self.table);
        }
        errno
    }
}

/// A [`Model`] as a kernel. Clones are the same kernel: one for the thread, one for the test.
#[derive(Clone, Debug, Default)]
pub struct FakeKernel {
    state: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Debug, Default)]
struct State {
    model: Model,
    asked: Vec<Vec<Request>>,
    dumps: usize,
    lose: usize,
    unreadable: Option<i32>,
    held: bool,
    waiting: bool,
}

impl FakeKernel {
    /// A kernel that holds a table.
    pub fn holding(table: Table) -> Self {
        let kernel = Self::default();
        kernel.lock().model.table = table;
        kernel
    }

    /// Edits the table, or what is refused, as somebody else.
    pub fn edit<T>(&self, edit: impl FnOnce(&mut Model) -> T) -> T {
        edit(&mut self.lock().model)
    }

    /// The table as it is now.
    pub fn table(&self) -> Table {
        self.lock().model.table.clone()
    }

    /// Every window it was asked so far.
    pub fn asked(&self) -> Vec<Vec<Request>> {
        self.lock().asked.clone()
    }

    /// How often the whole table was dumped.
    pub fn dumps(&self) -> usize {
        self.lock().dumps
    }

    /// Carries out the next `windows` windows, but loses the answers.
    pub fn lose(&self, windows: usize) {
        self.lock().lose = windows;
    }

    /// Refuses every dump and list with this errno.
    pub fn unreadable(&self, errno: i32) {
        self.lock().unreadable = Some(errno);
    }

    /// From now on requests wait, until [`Self::go_on`].
    pub fn hold(&self) {
        self.lock().held = true;
    }

    /// Waits until a window is held.
    pub fn await_held(&self) {
        let state = self.state.1.wait_while(self.lock(), |state| !state.waiting);
        drop(state.unwrap_or_else(PoisonError::into_inner));
    }

    /// Lets requests through again.
    pub fn go_on(&self) {
        self.lock().held = false;
        self.state.1.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, read: impl FnOnce(&mut State) -> T) -> Result<T, Lost> {
        let mut state = self.lock();
        match state.unreadable {
            Some(errno) => Err(Lost { during: "read", why: "told to".into(), errno: Some(errno) }),
            None => Ok(read(&mut state)),
        }
    }
}

impl Kernel for FakeKernel {
    fn ask(&mut self, requests: &[Request]) -> Result<Vec<i32>, Lost> {
        let mut state = self.lock();
        state.waiting = state.held;
        self.state.1.notify_all();
        let state = self.state.1.wait_while(state, |state| state.held);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        state.waiting = false;
        state.asked.push(requests.to_vec());
        let answers = state.model.ask(requests);
        if state.lose > 0 {
            state.lose -= 1;
            let errno = Some(libc::ENOBUFS);
            return Err(Lost { during: "ask", why: "told to".into(), errno });
        }
        Ok(answers)
    }

    fn dump(&mut self) -> Result<(Table, Connections), Lost> {
        self.read(|state| {
            state.dumps += 1;
            (state.model.dump(), Connections::new())
        })
    }

    fn services(&mut self) -> Result<Table, Lost> {
        self.read(|state| state.model.services())
    }

    fn servers(&mut self, service: ServiceKey) -> Result<BTreeMap<ServerKey, Server>, Lost> {
        self.read(|state| state.model.servers(service))
    }
}
