// Where oidc-provider keeps sessions, codes, tokens and clients: one Map for the life of the process. The library's own memory
// store forgets beyond 1000 entries, which is too few for a load test. The methods are the library's adapter contract.

const entries = new Map(); // "Model:id" -> { payload, until }
const indexes = new Map(); // "uid:x" | "userCode:x" -> id; "grant:x" -> Set of "Model:id"

// Codes and tokens that nobody redeems would pile up for ever otherwise.
setInterval(() => {
  const now = Date.now();
  for (const [key, entry] of entries) if (entry.until < now) entries.delete(key);
}, 60000).unref();

export class MemoryAdapter {
  constructor(model) { this.model = model; }

  async upsert(id, payload, seconds) {
    const key = `${this.model}:${id}`;
    entries.set(key, { payload, until: seconds ? Date.now() + seconds * 1000 : Infinity });
    if (payload.uid) indexes.set(`uid:${payload.uid}`, id);
    if (payload.userCode) indexes.set(`userCode:${payload.userCode}`, id);
    if (payload.grantId) {
      const grant = `grant:${payload.grantId}`;
      if (!indexes.has(grant)) indexes.set(grant, new Set());
      indexes.get(grant).add(key);
    }
  }

  async find(id) {
    const entry = entries.get(`${this.model}:${id}`);
    return entry && entry.until >= Date.now() ? entry.payload : undefined;
  }

  async findByUid(uid) { return this.find(indexes.get(`uid:${uid}`)); }

  async findByUserCode(code) { return this.find(indexes.get(`userCode:${code}`)); }

  async destroy(id) { entries.delete(`${this.model}:${id}`); }

  async consume(id) { entries.get(`${this.model}:${id}`).payload.consumed = Math.floor(Date.now() / 1000); }

  async revokeByGrantId(grantId) {
    for (const key of indexes.get(`grant:${grantId}`) || []) entries.delete(key);
    indexes.delete(`grant:${grantId}`);
  }
}
