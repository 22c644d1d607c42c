// Glewlwyd on SQLite fails when requests write at the same moment (it reads "the last row inserted" outside the insert), so this
// server hands them over one by one. Keys and discovery pass at once: they only read, and a back-channel logout, which Glewlwyd
// sends from inside a request, makes its receiver ask for them.
import http from 'node:http';

const PASSES = /\/(jwks|\.well-known\/)/;

/** A server that forwards to `target` (host, port), at most one writing request at a time. */
export function queueBefore(target) {
  let last = Promise.resolve();
  return http.createServer((req, res) => {
    const forward = () => new Promise((done) => {
      if (res.closed) { done(); return; } // the caller gave up while it waited
      const onward = http.request({ ...target, method: req.method, path: req.url, headers: req.headers }, (answer) => {
        res.writeHead(answer.statusCode, answer.rawHeaders);
        answer.pipe(res);
      });
      onward.on('error', () => { if (!res.headersSent) res.writeHead(502); res.end(); });
      res.on('close', done);
      req.pipe(onward);
    });
    if (PASSES.test(req.url)) forward();
    else last = last.then(forward);
  });
}
