"""A client of Unroll, a server for trained recurrent networks: one file, Python 3.9 or later, nothing else.

    from unroll import Unroll

    unroll = Unroll("http://127.0.0.1:8080")
    reply = unroll.classify("language", "Alle Menschen sind frei", top_k=2)
    for event, data in unroll.generate_stream("moby", "Call me ", max_tokens=20):
        ...

Fields of a request are keyword arguments with the names of the API (`/docs` of a running server); replies are its JSON as
dictionaries. Arrays of numpy, and whatever else has `tolist()`, may be given for lists. A client may be used by
several threads.
"""

from __future__ import annotations

import collections
import http.client
import io
import json
import select
import ssl
import time
import urllib.parse
from email.utils import parsedate_to_datetime
from typing import IO, Any, Dict, Generator, Iterable, Iterator, List, NamedTuple, Optional, Tuple, Union

__all__ = ["Unroll", "UnrollError", "Session", "Jobs", "Comparisons", "Datasets", "Event"]

Json = Dict[str, Any]
#: A text or a list of them, or numbers as [steps][features] or a list of those: lists, or arrays with `tolist()`.
Input = Any
Upload = Union[str, bytes, IO[bytes], Iterable[bytes]]


class UnrollError(Exception):
    """Every error of a call.

    `code` is one of the server's, or `connection_failed` where there was no reply, `connection_lost` where a reply was
    cut, `invalid_reply` where a reply is not what the API gives, and `http_502` and the like for an error that has no
    code, as from a proxy.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        status: Optional[int] = None,
        field: Optional[str] = None,
        retry_after: Optional[float] = None,
        errors: Optional[List[Json]] = None,
    ) -> None:
        super().__init__(detail)
        #: Stable name of the error.
        self.code = code
        #: The field, the limit and the given value.
        self.detail = detail
        #: The HTTP status; None where there was no reply.
        self.status = status
        #: The field that is wrong.
        self.field = field
        #: Seconds after which to try again.
        self.retry_after = retry_after
        #: Every wrong field, or line of an upload: {"field": …, "message": …}.
        self.errors = errors or []


class Event(NamedTuple):
    """An event of a stream: `for event, data in …`."""

    event: str
    data: Json


class Unroll:
    """A server.

    url: with the prefix of a proxy if there is one.
    key: an API key.
    timeout: seconds without a byte from the server after which a call fails with `connection_lost`. Calls with a
        `timeout_ms` wait for at least that long.
    retries: how often a call is made again that was refused with 429 or 503 and a time to try again. Nothing of such a
        call has run.
    context: of TLS, for https.
    """

    def __init__(
        self,
        url: str,
        key: Optional[str] = None,
        *,
        timeout: float = 60.0,
        retries: int = 0,
        context: Optional[ssl.SSLContext] = None,
    ) -> None:
        self._http = _Connections(url, key, timeout, retries, context)
        self.models = Models(self._http)
        self.sessions = Sessions(self._http)
        self.jobs = Jobs(self._http)
        self.comparisons = Comparisons(self._http)
        self.datasets = Datasets(self._http)

    def classify(self, model: str, input: Input, **fields: Any) -> Json:
        """The label of whole sequences. model: `name` or `name@version`."""
        return self._http.json("POST", _task(model, "classify"), {"input": input, **fields})

    def classify_stream(self, model: str, input: Input, **fields: Any) -> Generator[Event, None, None]:
        """`step` events with the label as it forms, then `done` with the reply.

        Of every stream: the request is sent when the first event is asked for. A stream that ends without its last
        event raises, and one that is left early (`break`, `close()`) is ended in the server, too.
        """
        return self._http.stream(_task(model, "classify"), {"input": input, **fields})

    def tag(self, model: str, input: Input, **fields: Any) -> Json:
        """A label for every token."""
        return self._http.json("POST", _task(model, "tag"), {"input": input, **fields})

    def tag_stream(self, model: str, input: Input, **fields: Any) -> Generator[Event, None, None]:
        """`token` events each with its label, then `done` with the reply."""
        return self._http.stream(_task(model, "tag"), {"input": input, **fields})

    def decode(self, model: str, input: Input, **fields: Any) -> Json:
        """One sequence from another: greedy, drawn, or the best of a beam."""
        return self._http.json("POST", _task(model, "decode"), {"input": input, **fields})

    def decode_stream(self, model: str, input: Input, **fields: Any) -> Generator[Event, None, None]:
        """`token` events as soon as a token is certain, then `done` with the reply."""
        return self._http.stream(_task(model, "decode"), {"input": input, **fields})

    def generate(self, model: str, prompt: Union[None, str, List[str]] = None, **fields: Any) -> Json:
        """Text, from a prompt or from the start."""
        return self._http.json("POST", _task(model, "generate"), {"prompt": prompt, **fields})

    def generate_stream(
        self, model: str, prompt: Union[None, str, List[str]] = None, **fields: Any
    ) -> Generator[Event, None, None]:
        """`token` events, then `done` with the reply."""
        return self._http.stream(_task(model, "generate"), {"prompt": prompt, **fields})

    def predict(self, model: str, input: Input, **fields: Any) -> Json:
        """Numbers from numbers."""
        return self._http.json("POST", _task(model, "predict"), {"input": input, **fields})

    def predict_stream(self, model: str, input: Input, **fields: Any) -> Generator[Event, None, None]:
        """`step` events each with its output, then `done` with the reply."""
        return self._http.stream(_task(model, "predict"), {"input": input, **fields})

    def embed(self, model: str, input: Input, **fields: Any) -> Json:
        """The last hidden state of whole sequences, from a model of any task."""
        return self._http.json("POST", _task(model, "embed"), {"input": input, **fields})

    def call(self, method: str, path: str, body: Optional[Json] = None, **query: Any) -> Any:
        """Any other route that answers JSON: `unroll.call("GET", "/v1/models/moby/aliases")`."""
        return self._http.json(method, path, body, query)

    def close(self) -> None:
        """Closes the connections that no call uses."""
        self._http.close()

    def __enter__(self) -> Unroll:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Models:
    """The models of a server."""

    def __init__(self, http: _Connections) -> None:
        self._http = http

    def list(self) -> Json:
        """Every model, in `data`."""
        return self._http.json("GET", "/v1/models")

    def show(self, model: str) -> Json:
        """Task, versions, layers, size of the state and provenance of a model."""
        return self._http.json("GET", f"/v1/models/{_segment('model', model)}")


class Session:
    """A session of the server: a sequence whose state is kept between calls. In `with` it is deleted at the end."""

    def __init__(self, http: _Connections, view: Json) -> None:
        self._http = http
        self.id: str = view["id"]
        #: Where the session was after the last call of this object. `position=` makes a call safe to repeat.
        self.position: int = view["position"]

    def steps(self, input: Input = None, **fields: Any) -> Json:
        """Goes on by any number of steps, answered as the model's task. The field `return` is `return_` here."""
        reply = self._http.json("POST", self._path("/steps"), {"input": input, **fields})
        self.position = reply["session"]["position"]
        return reply

    def steps_stream(self, input: Input = None, **fields: Any) -> Generator[Event, None, None]:
        """The same as events. A reader that leaves before `done` leaves the session as it was before."""
        for event in self._http.stream(self._path("/steps"), {"input": input, **fields}):
            if event.event == "done":
                self.position = event.data["session"]["position"]
            yield event

    def fork(self, count: int = 1) -> List[Session]:
        """Copies of the session, which go on by themselves."""
        reply = self._http.json("POST", self._path("/fork"), {"count": count})
        return [Session(self._http, view) for view in reply["data"]]

    def mark(self, name: str) -> Json:
        """Names the point where the session is."""
        return self._view("POST", "/marks", {"name": name})

    def remove_mark(self, name: str) -> Json:
        """Removes a mark."""
        return self._view("DELETE", f"/marks/{_segment('name', name)}")

    def rewind(
        self, *, mark: Optional[str] = None, position: Optional[int] = None, steps: Optional[int] = None
    ) -> Json:
        """Goes back to a mark, a position, or by a number of steps, exactly."""
        return self._view("POST", "/rewind", {"mark": mark, "position": position, "steps": steps})

    def snapshot(self) -> bytes:
        """The state as a safetensors file, which any server with the same weights restores."""
        return self._http.read("GET", self._path("/snapshot"))

    def restore(self, snapshot: bytes) -> Json:
        """Sets the session to a snapshot."""
        view = self._http.upload("PUT", self._path("/snapshot"), snapshot, "application/octet-stream")
        return self._keep(view)

    def show(self) -> Json:
        """Model, version, position and marks of the session."""
        return self._view("GET", "")

    def delete(self) -> None:
        """Ends the session."""
        self._http.json("DELETE", self._path(""))

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: Optional[type], *_: object) -> None:
        try:
            self.delete()
        except UnrollError as error:
            # it has ended already, or the error that ended the block is worth more
            if kind is None and error.status not in (404, 410):
                raise

    def _path(self, rest: str) -> str:
        return f"/v1/sessions/{_segment('session', self.id)}{rest}"

    def _view(self, method: str, rest: str, body: Optional[Json] = None) -> Json:
        return self._keep(self._http.json(method, self._path(rest), body))

    def _keep(self, view: Json) -> Json:
        self.position = view["position"]
        return view


class Sessions:
    """The sessions of a server."""

    def __init__(self, http: _Connections) -> None:
        self._http = http

    def create(self, model: str, **fields: Any) -> Session:
        """Begins a session."""
        return Session(self._http, self._http.json("POST", "/v1/sessions", {"model": model, **fields}))

    def get(self, session: str) -> Session:
        """One that exists."""
        return Session(self._http, self._http.json("GET", f"/v1/sessions/{_segment('session', session)}"))

    def restore(self, session: str, snapshot: bytes) -> Session:
        """Sets a session to a snapshot, or makes it."""
        path = f"/v1/sessions/{_segment('session', session)}/snapshot"
        return Session(self._http, self._http.upload("PUT", path, snapshot, "application/octet-stream"))

    def list(self, **query: Any) -> Json:
        """Sessions in `data`, newest first. query: limit, after, model."""
        return self._http.json("GET", "/v1/sessions", None, query)


class Jobs:
    """The training jobs of a server."""

    def __init__(self, http: _Connections) -> None:
        self._http = http

    def create(self, **fields: Any) -> Json:
        """Creates a job."""
        return self._http.json("POST", "/v1/training/jobs", fields)

    def check(self, **fields: Any) -> Json:
        """Checks a request as `create` does, and creates nothing."""
        return self._http.json("POST", "/v1/training/jobs", fields, {"dry_run": "true"})

    def show(self, job: str) -> Json:
        """Status, progress, metrics and what was published."""
        return self._http.json("GET", self._path(job))

    def list(self, **query: Any) -> Json:
        """Jobs in `data`, newest first. query: limit, after."""
        return self._http.json("GET", "/v1/training/jobs", None, query)

    def cancel(self, job: str) -> Json:
        """Ends a job at its next step."""
        return self._http.json("POST", self._path(job, "/cancel"))

    def pause(self, job: str) -> Json:
        """Pauses a job at its next step."""
        return self._http.json("POST", self._path(job, "/pause"))

    def resume(self, job: str) -> Json:
        """Resumes a paused job from its last state."""
        return self._http.json("POST", self._path(job, "/resume"))

    def events(self, job: str, **query: Any) -> Json:
        """The stored events so far in `data`, oldest first. query: limit, after."""
        return self._http.json("GET", self._path(job, "/events"), None, query)

    def follow(self, job: str, after: int = 0) -> Generator[Event, None, None]:
        """Events until the job has ended, from its first or after the id `after`.

        The `id` in the data of the last event goes on where a connection was cut. Those of `progress` have none.
        """
        over = False
        query = {"stream": "true", "after": after}
        for event in self._http.events("GET", self._path(job, "/events"), None, query):
            over = over or event.event == "status" and event.data["data"].get("status") in _ENDS
            yield event
        # `after` may be past the event that it ended with
        if not over and self.show(job)["status"] not in _ENDS:
            raise _cut_stream("the status of a job that is over")

    def checkpoints(self, job: str) -> Json:
        """The checkpoints of a job in `data`, oldest first."""
        return self._http.json("GET", self._path(job, "/checkpoints"))

    def publish(self, job: str, step: int, alias: str = "default", force: bool = False) -> Json:
        """Makes a checkpoint the next version of the job's model, once.

        Any alias but `default` leaves the traffic where it is."""
        body = {"alias": alias, "force": force}
        return self._http.json("POST", self._path(job, f"/checkpoints/{int(step)}/publish"), body)

    @staticmethod
    def _path(job: str, rest: str = "") -> str:
        return f"/v1/training/jobs/{_segment('job', job)}{rest}"


_ENDS = ("succeeded", "failed", "cancelled")
_UPLOAD_TYPES = {
    "jsonl": "application/jsonl",
    "json": "application/json",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "text": "text/plain",
}


class Comparisons:
    """Comparisons of cells and settings: each trial is a training job, and the best is published."""

    def __init__(self, http: _Connections) -> None:
        self._http = http

    def create(self, model: str, spec: Json, **fields: Any) -> Json:
        """Creates a job for each trial. spec: the fields of a job but `model`; fields: cells, grid, random, target."""
        return self._http.json("POST", _COMPARISONS, {"model": model, "spec": spec, **fields})

    def show(self, comparison: str) -> Json:
        """Its `trials`, best first, so far."""
        return self._http.json("GET", self._path(comparison))

    def list(self) -> Json:
        """Comparisons in `data`, newest first."""
        return self._http.json("GET", _COMPARISONS)

    def cancel(self, comparison: str) -> Json:
        """Ends the trials that run, and publishes nothing."""
        return self._http.json("POST", self._path(comparison) + "/cancel")

    @staticmethod
    def _path(comparison: str) -> str:
        return f"{_COMPARISONS}/{_segment('comparison', comparison)}"


_COMPARISONS = "/v1/training/comparisons"


class Datasets:
    """The training data of a server."""

    def __init__(self, http: _Connections) -> None:
        self._http = http

    def upload(self, data: Upload, *, format: str, **query: Any) -> Json:
        """Uploads data, which the server checks line by line.

        data: a text, bytes, a file that is open for reading bytes, or pieces of bytes.
        format: jsonl, json, csv, tsv or text.
        query: name, task.
        """
        if format not in _UPLOAD_TYPES:
            raise ValueError(f"format: must be one of {', '.join(_UPLOAD_TYPES)}, was {format!r}")
        if isinstance(data, io.TextIOBase):
            raise ValueError("data: must be a file that is open for reading bytes, as with open(path, 'rb')")
        body = data.encode() if isinstance(data, str) else data
        return self._http.upload("POST", "/v1/datasets", body, _UPLOAD_TYPES[format], query)

    def show(self, dataset: str) -> Json:
        """Format, bytes and records of a dataset."""
        return self._http.json("GET", f"/v1/datasets/{_segment('dataset', dataset)}")

    def list(self) -> Json:
        """Datasets in `data`, newest first."""
        return self._http.json("GET", "/v1/datasets")

    def delete(self, dataset: str) -> Json:
        """Deletes a dataset that no unfinished job uses."""
        return self._http.json("DELETE", f"/v1/datasets/{_segment('dataset', dataset)}")


class _Connections:
    """Makes calls over connections that are kept alive: each is used by one call at a time."""

    def __init__(
        self, url: str, key: Optional[str], timeout: float, retries: int, context: Optional[ssl.SSLContext]
    ) -> None:
        # append and pop are atomic
        self._idle: collections.deque[http.client.HTTPConnection] = collections.deque()
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"url: must be http://host:port or https://…, was {url!r}")
        self._host, self._port = parts.hostname, parts.port
        self._prefix = parts.path.rstrip("/")
        self._context = (context or ssl.create_default_context()) if parts.scheme == "https" else None
        self._headers = {} if key is None else {"authorization": f"Bearer {key}"}
        self._timeout = timeout
        self._retries = retries

    def json(self, method: str, path: str, body: Optional[Json] = None, query: Optional[Json] = None) -> Any:
        """A call with a body of JSON that answers JSON."""
        return _parse(self.read(method, path, body, query, "application/json"))

    def upload(
        self, method: str, path: str, data: Any, content_type: str, query: Optional[Json] = None
    ) -> Any:
        """A call with a body of bytes that answers JSON."""
        return _parse(self.read(method, path, data, query, "application/json", content_type))

    def read(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: Optional[Json] = None,
        accept: str = "application/octet-stream",
        content_type: Optional[str] = None,
    ) -> bytes:
        """The bytes of a reply."""
        connection, response = self._send(method, path, body, query, content_type)
        data = self._finish(connection, response)
        _check_type(response, accept)
        return data

    def stream(self, path: str, body: Json) -> Generator[Event, None, None]:
        """The events of a task, whose last is `done`."""
        done = False
        try:
            for event in self.events("POST", path, {**body, "stream": True}):
                done = done or event.event == "done"
                yield event
        except UnrollError:
            # what is cut after the last event is whole
            if not done:
                raise
        if not done:
            raise _cut_stream("done")

    def events(
        self, method: str, path: str, body: Optional[Json], query: Optional[Json] = None
    ) -> Generator[Event, None, None]:
        """The events of a stream; one named `error` is raised."""
        connection, response = self._send(method, path, body, query)
        complete = False
        try:
            if response.status == 204:
                response.read()
                complete = True
                return
            _check_type(response, "text/event-stream")
            for name, data in parse_events(_chunks(response)):
                value = _parse(data)
                if name == "error":
                    raise _to_error(value)
                yield Event(name, value)
            complete = True
        finally:
            if complete:
                self._release(connection, response)
            else:
                connection.close()

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def __del__(self) -> None:
        self.close()

    def _send(
        self,
        method: str,
        path: str,
        body: Any,
        query: Optional[Json],
        content_type: Optional[str] = None,
    ) -> Tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """A response of 2xx, whose body is to be read, and its connection"""
        headers = dict(self._headers)
        timeout = self._timeout
        retries = self._retries
        if content_type is not None:
            headers["content-type"] = content_type
            # what is read once cannot be sent again
            retries = retries if isinstance(body, bytes) else 0
        elif body is not None:
            headers["content-type"] = "application/json"
            limit_ms = body.get("timeout_ms")
            if isinstance(limit_ms, (int, float)):
                timeout = max(timeout, limit_ms / 1000 + _TIMEOUT_MARGIN_S)
            body = _to_json(body)
        target = self._prefix + path + _to_query(query or {})
        while True:
            connection = self._connect(timeout)
            try:
                response = _exchange(connection, method, target, body, headers)
                if 200 <= response.status < 300:
                    return connection, response
                error = _read_error(response, self._finish(connection, response))
            except BaseException:
                connection.close()
                raise
            if retries <= 0 or error.status not in (429, 503) or error.retry_after is None:
                try:
                    raise error
                finally:
                    # the error has this frame, which must not keep the error
                    del error
            retries -= 1
            time.sleep(error.retry_after)

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:
                break
            if connection.sock is not None and not _is_readable(connection.sock):
                connection.timeout = timeout
                connection.sock.settimeout(timeout)
                return connection
            # the server has closed it, or has sent what nobody asked for
            connection.close()
        if self._context is not None:
            return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=self._context)
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout)

    def _finish(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> bytes:
        """Reads the rest of a response."""
        try:
            data = _read_all(response)
        except BaseException:
            connection.close()
            raise
        self._release(connection, response)
        return data

    def _release(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        if response.will_close or connection.sock is None or len(self._idle) >= _MAX_IDLE:
            connection.close()
        else:
            self._idle.append(connection)


_MAX_IDLE = 16
_TIMEOUT_MARGIN_S = 5.0
_CHUNK_BYTES = 65_536
_MAX_SHOWN_LENGTH = 200


def _exchange(
    connection: http.client.HTTPConnection, method: str, target: str, body: Any, headers: Dict[str, str]
) -> http.client.HTTPResponse:
    try:
        if connection.sock is None:
            connection.connect()
        try:
            connection.request(method, target, body=body, headers=headers)
        except (BrokenPipeError, ConnectionResetError):
            # a server that refuses an upload answers before it has read it all
            pass
        return connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        raise UnrollError("connection_failed", f"no reply from {_origin(connection)}: {_describe(error)}") from error


def _origin(connection: http.client.HTTPConnection) -> str:
    return f"{connection.host}:{connection.port}"


def _read_all(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read()
    except (OSError, http.client.HTTPException) as error:
        raise _cut(error) from error


def _chunks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """The body of a response as it arrives. Raises where it is cut."""
    # read1 does not count what is left of a body whose length is known
    read = response.read1 if response.length is None else response.read
    try:
        while True:
            data = read(_CHUNK_BYTES)
            if not data:
                break
            yield data
    except (OSError, http.client.HTTPException) as error:
        raise _cut(error) from error


def parse_events(chunks: Iterable[bytes]) -> Iterator[Tuple[str, str]]:
    """The name and data of server-sent events (WHATWG HTML, 9.2.6) in bytes that are cut anywhere.

    Lines end with LF, CR or CRLF, an empty line ends an event, lines that begin with a colon are comments, several lines
    of data are joined, and an event without data is none. An event that the stream does not complete is dropped.
    """
    name = ""
    data: List[str] = []
    for number, line in enumerate(_lines(chunks)):
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _invalid_reply("the stream is not UTF-8") from error
        if number == 0:
            text = text[1:] if text.startswith("\ufeff") else text
        if text == "":
            if data:
                yield name or "message", "\n".join(data)
            name, data = "", []
            continue
        field, _, value = text.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if field == "data":
            data.append(value)
        elif field == "event":
            name = value


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without their ends; a line that is not ended is dropped."""
    pending: List[bytes] = []
    after_cr = False
    for chunk in chunks:
        if after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        elif not chunk:
            continue
        after_cr = chunk.endswith(b"\r")
        lines = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in lines[:-1]:
            pending.append(line)
            yield b"".join(pending)
            pending = []
        pending.append(lines[-1])


def _task(model: str, task: str) -> str:
    return f"/v1/models/{_segment('model', model)}/{task}"


def _segment(name: str, value: str) -> str:
    """A part of a path. Raises for one that would lead to another route."""
    if value in ("", ".", ".."):
        raise ValueError(f"{name}: must be a name, was {value!r}")
    return urllib.parse.quote(value, safe="@")


def _to_query(values: Json) -> str:
    given = {name: value for name, value in values.items() if value is not None}
    return f"?{urllib.parse.urlencode(given)}" if given else ""


def _to_json(fields: Json) -> bytes:
    """None is left out; a name that Python has taken ends with an underscore."""
    body = {name.rstrip("_"): value for name, value in fields.items() if value is not None}
    return json.dumps(body, default=_to_list, allow_nan=False).encode()


def _to_list(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not JSON, and has no tolist()")


def _parse(text: Union[str, bytes]) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise _invalid_reply(str(error)) from error


def _check_type(response: http.client.HTTPResponse, expected: str) -> None:
    # another type is, for example, a page that a proxy shows in place of the server
    found = response.headers.get("content-type") or "none"
    if not found.startswith(expected):
        raise _invalid_reply(f"content-type: must be {expected}, was {found}")


def _read_error(response: http.client.HTTPResponse, data: bytes) -> UnrollError:
    retry_after = _read_retry_after(response.headers.get("retry-after"))
    try:
        return _to_error(json.loads(data), response.status, retry_after)
    except ValueError:
        text = data.decode("utf-8", "replace")[:_MAX_SHOWN_LENGTH]
        detail = f"{response.status} {response.reason}: {text}"
        return UnrollError(f"http_{response.status}", detail, response.status, retry_after=retry_after)


def _to_error(body: Any, status: Optional[int] = None, retry_after: Optional[float] = None) -> UnrollError:
    """An error that the server reports: RFC 9457, or the form of OpenAI's API or of the inference protocol."""
    problem = body if isinstance(body, dict) else {}
    other = problem.get("error")
    other = other if isinstance(other, dict) else {"message": other}
    known = problem.get("status", status)
    return UnrollError(
        problem.get("code") or other.get("code") or f"http_{known or 0}",
        problem.get("detail") or other.get("message") or f"the server answered {known or 'with an error'}",
        known,
        problem.get("field") or other.get("param"),
        retry_after,
        problem.get("errors"),
    )


def _read_retry_after(header: Optional[str]) -> Optional[float]:
    """Seconds, from a number of them or from a date."""
    if header is None:
        return None
    try:
        if header.strip().isdigit():
            return float(header)
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _is_readable(sock: Any) -> bool:
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([sock], [], [], 0)[0])


def _describe(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _cut(error: BaseException) -> UnrollError:
    detail = f"the connection was cut before the end of the reply: {_describe(error)}"
    return UnrollError("connection_lost", detail)


def _cut_stream(missing: str) -> UnrollError:
    return UnrollError("connection_lost", f"the stream ended without its last event, {missing}")


def _invalid_reply(detail: str) -> UnrollError:
    return UnrollError("invalid_reply", f"not a reply of Unroll: {detail}")
