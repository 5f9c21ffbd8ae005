"""Backends are found by name and by array; what they share with the host and other libraries."""

import copy
import importlib.metadata
import inspect
import os
import sys
import threading

import numpy as np
import pytest

from onepath.backends import (
    Backend,
    BackendUnavailableError,
    DeviceMismatchError,
    Memory,
    available_backends,
    backend_of,
    get_backend,
    register_backend,
    registered_backends,
    registry,
    transfers,
)
from onepath.backends.cpu import CpuBackend
from onepath.backends.cuda import CudaBackend


class RemoteArray:
    """An array of a device that only this file knows."""

    def __init__(self, data, index=0):
        self.data, self.index = data, index


class RemoteBackend(Backend):
    """Someone else's device, of which there are two."""

    tile_bytes = 1 << 20
    xp = np
    signal = None

    def __init__(self, index=0):
        if index > 1:
            raise BackendUnavailableError(f"there are two remotes, 0 and 1; got {index}")
        self.name, self.index = f"remote:{index}", index
        super().__init__()

    @classmethod
    def index_of(cls, array):
        return array.index if isinstance(array, RemoteArray) else None

    def owns(self, array):
        return self.index_of(array) == self.index

    def asarray(self, x, dtype=None):
        return RemoteArray(np.asarray(x, dtype), self.index)

    def to_numpy(self, x):
        return x.data

    def synchronize(self):
        pass

    def memory(self):
        return Memory(None, None, None)


@pytest.fixture
def own_registry(monkeypatch):
    """A copy of the registry, for one test to change."""
    monkeypatch.setattr(registry, "_factories", dict(registry._factories))
    monkeypatch.setattr(registry, "_live", dict(registry._live))
    monkeypatch.setattr(registry, "_entry_points_read", registry._entry_points_read)


@pytest.fixture
def remote(own_registry):
    register_backend("remote", RemoteBackend)


@pytest.fixture
def no_cupy(monkeypatch, own_registry):
    """Importing CuPy fails, and no CUDA backend is there from before."""
    monkeypatch.setitem(sys.modules, "cupy", None)
    monkeypatch.setattr(registry, "_live", {})


# By name


def test_a_name_gives_the_same_object_each_time(backend):
    assert get_backend(backend.name) is backend
    assert get_backend(backend) is backend
    kind = backend.name.partition(":")[0]
    assert get_backend(kind) is get_backend(f"{kind}:0") is backend


def test_the_cpu_is_there():
    cpu = get_backend("cpu")
    assert cpu is get_backend("cpu:0")
    assert cpu.name == "cpu"
    assert cpu.xp is np
    assert repr(cpu) == "<onepath backend 'cpu'>"
    assert "cpu" in available_backends()


def test_there_is_one_cpu():
    with pytest.raises(ValueError, match="there is one CPU, 'cpu'; got index 1"):
        get_backend("cpu:1")


@pytest.mark.parametrize(
    "name", ["tpu", "", "CPU", "cpu:", "cpu:x", "cpu:-1", "cpu:1.0", "auto:0", ":0", None, 0]
)
def test_unknown_names(name):
    with pytest.raises(
        ValueError,
        match=rf"unknown backend {name!r}; known are 'auto', 'cpu', 'cuda'.*, "
        "with a number where there are several, as in 'cuda:1'",
    ):
        get_backend(name)


@pytest.mark.usefixtures("no_cupy")
def test_without_cupy():
    with pytest.raises(
        BackendUnavailableError,
        match=r"CUDA needs CuPy, and importing it failed: .*cupy.*pip install 'onepath\[cuda13\]'",
    ):
        get_backend("cuda")
    assert get_backend("auto") is get_backend() is get_backend("cpu")
    assert "cuda" not in available_backends()
    assert "cuda" in registered_backends()


@pytest.mark.usefixtures("no_cupy")
def test_a_backend_that_failed_is_tried_again(monkeypatch):
    """Nothing half-made is kept: whoever installs CuPy in a running session can go on."""
    with pytest.raises(BackendUnavailableError):
        get_backend("cuda")
    monkeypatch.setitem(registry._factories, "cuda", RemoteBackend)
    assert get_backend("cuda").name == "remote:0"


def test_threads_get_the_same_object(own_registry):
    made = []

    def slow(index):
        made.append(index)
        threading.Event().wait(0.02)
        return RemoteBackend(index)

    register_backend("slow", slow)
    got = []
    threads = [threading.Thread(target=lambda: got.append(get_backend("slow"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [0]
    assert len(got) == 8
    assert len(set(map(id, got))) == 1


# Registering


@pytest.mark.usefixtures("remote")
def test_a_registered_backend():
    assert "remote" in registered_backends()
    assert "remote" in available_backends()
    assert get_backend("remote") is get_backend("remote:0")
    assert get_backend("remote:1") is not get_backend("remote:0")
    assert get_backend("remote:1").name == "remote:1"
    with pytest.raises(BackendUnavailableError, match="there are two remotes"):
        get_backend("remote:2")
    with pytest.raises(
        ValueError, match="known are 'auto', 'cpu', 'cuda', 'simulated', 'remote', with"
    ):
        get_backend("other")


@pytest.mark.usefixtures("own_registry")
def test_an_unusable_backend_is_registered_but_not_available():
    def absent(index):
        raise BackendUnavailableError("not today")

    register_backend("absent", absent)
    assert "absent" in registered_backends()
    assert "absent" not in available_backends()


@pytest.mark.usefixtures("remote")
@pytest.mark.parametrize("name", ["cpu", "cuda", "remote"])
def test_names_are_taken_once(name):
    with pytest.raises(ValueError, match=f"there is a backend '{name}' already"):
        register_backend(name, RemoteBackend)


@pytest.mark.usefixtures("own_registry")
@pytest.mark.parametrize("name", ["", "Remote", "my remote", "remote:1", "1st", "auto"])
def test_bad_names(name):
    with pytest.raises(ValueError, match=f"name is a lower-case identifier, got '{name}'"):
        register_backend(name, RemoteBackend)


@pytest.fixture
def installed(monkeypatch, own_registry):
    """Two packages that bring a backend; which of them were imported, and what was asked for."""
    loaded, groups = [], []

    class Entry:
        def __init__(self, name):
            self.name = name

        def load(self):
            loaded.append(self.name)
            return RemoteBackend

    def entry_points(*, group):
        groups.append(group)
        return [Entry("far"), Entry("cpu")]

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    monkeypatch.setattr(registry, "_entry_points_read", False)
    monkeypatch.setattr(registry, "_live", {})
    return loaded, groups


def test_entry_points_are_imported_when_asked_for(installed):
    loaded, groups = installed
    assert registered_backends()[-1] == "far"
    assert groups == ["onepath.backends"]
    assert loaded == []
    assert get_backend("far:1").name == "remote:1"
    assert loaded == ["far"]
    assert backend_of(RemoteArray(None, 1)) is get_backend("far:1")


def test_entry_points_are_read_for_an_unknown_name_and_once(installed):
    loaded, groups = installed
    get_backend("cpu")
    assert groups == []
    assert get_backend("far") is get_backend("far")
    with pytest.raises(ValueError, match="'far'"):
        get_backend("nowhere")
    registered_backends()
    assert groups == ["onepath.backends"]
    assert loaded == ["far"]


def test_entry_points_replace_nothing(installed):
    loaded, _ = installed
    assert "far" in registered_backends()
    assert isinstance(get_backend("cpu"), CpuBackend)
    assert loaded == []
    with pytest.raises(ValueError, match="there is a backend 'far' already"):
        register_backend("far", RemoteBackend)


# By array


def test_arrays_find_their_backend(backend):
    x = backend.asarray([1.0, 2.0])
    assert backend_of(x) is backend
    assert backend_of(x, x[:1], x.reshape(1, 2)) is backend
    assert backend.owns(x)
    assert backend.index_of(x) == int(backend.name.partition(":")[2] or 0)


@pytest.mark.usefixtures("remote")
def test_an_array_finds_a_backend_that_nobody_asked_for_yet():
    assert backend_of(RemoteArray(None, 1)).name == "remote:1"
    assert backend_of(RemoteArray(None, 0), RemoteArray(None, 0)).name == "remote:0"


@pytest.mark.usefixtures("remote")
def test_mixed_devices():
    x, near, far = np.ones(2), RemoteArray(None, 0), RemoteArray(None, 1)
    with pytest.raises(
        DeviceMismatchError,
        match=r"argument 0 is on cpu and argument 2 on remote:1, and nothing is copied implicitly: "
        r"move one with get_backend\('cpu'\)\.asarray\(get_backend\('remote:1'\)\.to_numpy\(x\)\)",
    ):
        backend_of(x, x, far)
    with pytest.raises(
        DeviceMismatchError, match="argument 0 is on remote:0 and argument 1 on rem"
    ):
        backend_of(near, far)
    with pytest.raises(
        DeviceMismatchError, match="argument 0 is on remote:1 and argument 1 on cpu"
    ):
        backend_of(far, x)


@pytest.mark.parametrize("bad", [[1.0], 1.0, None, "x", RemoteArray(None)], ids=type)
def test_what_is_no_array(bad):
    kind = f"{type(bad).__module__}.{type(bad).__qualname__}"
    for position in (0, 1):
        arrays = [np.ones(1)] * position + [bad]
        with pytest.raises(
            TypeError,
            match=rf"argument {position} is a {kind}, not an array of a backend: "
            r"get_backend\(\.\.\.\)\.asarray\(x\) makes one",
        ):
            backend_of(*arrays)


def test_no_array_has_no_backend():
    with pytest.raises(TypeError, match="backend_of needs at least one array"):
        backend_of()


# What every backend offers


@pytest.mark.parametrize("kind", [CpuBackend, CudaBackend])
def test_backends_have_the_signatures_of_the_contract(kind):
    def parameters(method):
        return [(p.name, p.default) for p in inspect.signature(method).parameters.values()]

    for name, method in inspect.getmembers(Backend, inspect.isfunction):
        if not name.startswith("_"):
            assert parameters(getattr(kind, name)) == parameters(method), name


def test_a_device_is_not_copied(backend):
    assert copy.deepcopy(backend) is backend
    assert copy.deepcopy({"backend": [backend]})["backend"][0] is backend


def test_asarray_and_back(backend):
    for host in ([[1, 2], [3, 4]], 2.5, np.arange(6, dtype="i2")[::2], np.float32(1.5), (True,)):
        device = backend.asarray(host)
        assert backend.owns(device)
        back = backend.to_numpy(device)
        assert type(back) is np.ndarray
        np.testing.assert_array_equal(back, host)
        assert back.dtype == np.asarray(host).dtype
    device = backend.asarray([1, 2], dtype="float32")
    assert device.dtype == "float32"
    assert backend.asarray(device) is device
    assert backend.asarray(device, dtype="float32") is device
    assert backend.asarray(device, dtype="float64").dtype == "float64"


def test_the_cpu_copies_nothing(cpu):
    before = transfers()
    x = np.arange(6.0)
    assert cpu.asarray(x) is x
    assert cpu.to_numpy(x) is x
    cpu.asarray([1.0, 2.0])
    cpu.random(0).uniform((10,))
    cpu.synchronize()
    assert transfers() == before
    assert transfers()._fields == ("host_to_device", "device_to_host")


def test_the_cpu_takes_no_array_of_a_gpu(cpu):
    class Elsewhere:
        __cuda_array_interface__ = None

    with pytest.raises(
        DeviceMismatchError,
        match=r"asarray: .*Elsewhere lives on a CUDA device; backend_of\(x\)\.to_numpy\(x\) brings",
    ):
        cpu.asarray(Elsewhere())


def test_a_scope_can_be_entered_again(backend):
    with backend.scope(), backend.scope():
        assert backend.owns(backend.xp.ones(2))
    backend.synchronize()


def test_memory(backend):
    """Bytes; the CPU's where the system tells them."""
    memory = backend.memory()
    if None in memory:
        assert memory == (None, None, None)
        pytest.skip("this system does not tell a process's memory")
    assert 0 <= memory.used <= memory.reserved <= memory.total
    held = backend.xp.ones(1 << 22)  # 32 MiB
    assert backend.memory().used - memory.used > 16 << 20
    del held


@pytest.mark.parametrize("error", [AttributeError, ValueError, OSError])
def test_memory_of_a_system_that_does_not_tell(cpu, monkeypatch, error):
    def sysconf(name):
        raise error(name)

    monkeypatch.setattr(os, "sysconf", sysconf, raising=False)
    assert cpu.memory() == Memory(None, None, None)


# DLPack


class Wrapped:
    """Another library's array, which shares its memory by DLPack alone."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def test_dlpack_shares_memory_both_ways(backend):
    x = backend.asarray(np.arange(6.0).reshape(2, 3))
    taken = backend.from_dlpack(Wrapped(x))
    assert backend.owns(taken)
    taken[0, 0] = 9
    np.testing.assert_array_equal(backend.to_numpy(x), [[9, 1, 2], [3, 4, 5]])
    again = backend.from_dlpack(Wrapped(taken))
    x[1, 2] = 7
    assert backend.to_numpy(again)[1, 2] == 7


def test_dlpack_of_torch(cpu, torch):
    tensor = torch.arange(4, dtype=torch.float32)
    x = cpu.from_dlpack(tensor)
    x[0] = 5
    assert tensor[0] == 5
    tensor = torch.from_dlpack(x)
    tensor[1] = 6
    assert x[1] == 6
    with pytest.raises(
        DeviceMismatchError, match=r"torch\.Tensor cannot be shared with cpu: .*grad"
    ):
        cpu.from_dlpack(torch.ones(2, requires_grad=True))


def test_dlpack_refusals(backend):
    class OnAnotherDevice(Wrapped):
        def __dlpack__(self, **options):
            raise BufferError("it is far away")

    x = np.ones(2)
    with pytest.raises(
        DeviceMismatchError,
        match=f"from_dlpack: .*OnAnotherDevice cannot be shared with {backend.name}: ",
    ):
        backend.from_dlpack(OnAnotherDevice(x))
    with pytest.raises(DeviceMismatchError, match=r"builtins\.list cannot be shared with "):
        backend.from_dlpack([1.0])


# Scratch memory


def test_workspace_reuses_a_buffer(backend):
    workspace = type(backend.workspace)(backend.xp)
    assert workspace.held() == 0
    first = workspace.take("a", (4, 6), "float32")
    assert backend.owns(first)
    assert (first.shape, first.dtype, first.flags.c_contiguous) == ((4, 6), "float32", True)
    assert workspace.held() == 96
    first.fill(1)
    for shape, dtype in (((3, 2), "float64"), ((24,), "float32"), ((96,), "int8"), ((), "int64")):
        again = workspace.take("a", shape, dtype)
        assert (again.shape, again.dtype) == (shape, dtype)
        assert workspace.held() == 96
    again.fill(0)
    assert backend.to_numpy(first).ravel()[0] == 0, "it is the same memory"
    assert backend.to_numpy(first).ravel()[2] == 1


def test_workspace_grows(backend):
    workspace = type(backend.workspace)(backend.xp)
    workspace.take("a", (10,), "float32")
    workspace.take("a", (100,), "float32")
    assert workspace.held() == 400
    workspace.take("a", (10,), "float32")
    assert workspace.held() == 400
    workspace.take("b", (3,), "float64")
    assert workspace.held() == 424
    workspace.release()
    assert workspace.held() == 0


def test_workspace_remembers_what_was_made_of_its_buffers(backend):
    workspace = type(backend.workspace)(backend.xp)
    made = []

    def make():
        made.append(workspace.take("a", (4,), "float32")[1:])
        return made[-1]

    assert workspace.prepared("key", make) is workspace.prepared("key", make)
    assert len(made) == 1
    workspace.take("a", (3,), "float32")
    workspace.prepared("key", make)
    assert len(made) == 1
    workspace.take("b", (100,), "float32")  # makes a buffer, which might be in place of another
    workspace.take("a", (100,), "float32")
    workspace.prepared("key", make)[...] = 7
    assert len(made) == 2
    assert float(workspace.take("a", (2,), "float32")[1]) == 7, "of the buffer that there is now"
    workspace.release()
    workspace.prepared("key", make)
    assert len(made) == 3
    elsewhere = threading.Thread(target=workspace.prepared, args=("key", make))
    elsewhere.start()
    elsewhere.join()
    assert len(made) == 4


def test_workspace_forgets_in_time(backend, monkeypatch):
    monkeypatch.setattr("onepath.backends.workspace.MOST", 10)
    workspace = type(backend.workspace)(backend.xp)
    for key in range(35):
        assert workspace.prepared(key, lambda key=key: key + 1) == key + 1
    assert len(workspace._own.made) <= 10


def test_workspace_names_are_apart(backend):
    workspace = type(backend.workspace)(backend.xp)
    a, b = (workspace.take(name, (8,), "float32") for name in "ab")
    a.fill(1)
    b.fill(2)
    assert (backend.to_numpy(a) == 1).all()


def test_workspace_of_each_thread(backend):
    """A layer that runs in two threads must not write into one buffer."""
    workspace = type(backend.workspace)(backend.xp)
    ours = workspace.take("a", (8,), "float32")
    ours.fill(1)
    seen = []

    def work():
        seen.append(workspace.held())
        with backend.scope():
            workspace.take("a", (8,), "float32").fill(2)
        workspace.release()
        seen.append(workspace.held())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [0, 0]
    assert (backend.to_numpy(ours) == 1).all()
    assert workspace.held() == 32
