// The switches of the tests, on when CONTROL=1. Every call changes one entry of one Map between two events of the loop, so calls
// of parallel tests never undo one another, and no client, session or token is lost by any of them.
//
//   POST   /_ctl/clients        {client_id, redirect_uris, ...}   adds or replaces one client; 400 with the reason when it is not valid
//   POST   /_ctl/client?id=ID   {..}                              merges into a client; null removes a member
//   DELETE /_ctl/clients?id=ID                                    forgets a client
//   POST   /_ctl/people         {"dora": {password, sub, ..}}     adds or replaces people; null removes one
//   POST   /_ctl/rotate[?drop=1]                                  new keys sign; the old ones stay published unless drop=1. It hits every
//                                                                 test of the instance: start one of your own for it

const DEFAULTS = {
  response_types: ['code'],
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'client_secret_basic',
};

async function save(state, client) {
  const { client_id: id } = client;
  if (!id) return [400, { error: 'client_id is missing' }];
  const before = await state.clients.find(id);
  await state.clients.upsert(id, client);
  try {
    await state.provider.Client.find(id); // the library checks the registration when it loads it
    return [200, client];
  } catch (error) {
    if (before) await state.clients.upsert(id, before);
    else await state.clients.destroy(id);
    return [400, { error: error.error_description || error.message }];
  }
}

const without_nulls = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));

export async function control(state, method, url, text) {
  const id = url.searchParams.get('id');
  const given = text ? JSON.parse(text) : {};
  switch (`${method} ${url.pathname}`) {
    case 'POST /_ctl/clients':
      return save(state, without_nulls({ ...DEFAULTS, ...given }));
    case 'POST /_ctl/client': {
      const client = await state.clients.find(id);
      return client ? save(state, without_nulls({ ...client, ...given })) : [404, { error: 'no such client' }];
    }
    case 'DELETE /_ctl/clients':
      await state.clients.destroy(id);
      return [200, {}];
    case 'POST /_ctl/people':
      state.people = without_nulls({ ...state.people, ...given });
      return [200, {}];
    case 'POST /_ctl/rotate': {
      const keys = await state.newKeys();
      state.keys = url.searchParams.get('drop') ? keys : [...keys, ...state.keys];
      state.build();
      return [200, { kids: state.keys.map((key) => key.kid) }];
    }
    default:
      return [404, { error: 'no such switch' }];
  }
}
