/**
 * The player's account: tokens of the API, kept by this page alone and for as long as it is open.
 * @module
 */
/** The page is a route of the API. */
const API = new URL('..', location.href)
/** Milliseconds before a token's end at which a new one is asked for. */
const SPARE = 600_000

/** Why the API refused, in its own words. */
export class Refusal extends Error {
  constructor(status, detail) {
    super(detail)
    this.status = status
  }
}

async function post(path, body, token) {
  const headers = { 'content-type': 'application/json' }
  if (token) headers.authorization = `Bearer ${token}`
  const answer = await fetch(new URL(path, API), {
    method: 'POST',
    headers: body === undefined ? { authorization: headers.authorization } : headers,
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  const said = await answer.json()
  if (!answer.ok) throw new Refusal(answer.status, said.detail ?? said.title ?? 'That did not work.')
  return said
}

export class Account {
  #token
  #claims

  constructor(token) {
    this.#take(token)
  }

  static async login(name, password) {
    const { token } = await post('login', { name, password })
    return new Account(token)
  }

  static async create(name, password) {
    await post('players', { name, password })
    return Account.login(name, password)
  }

  get isAdmin() {
    return this.#claims.roles.includes('admin')
  }

  /** A token that is good for some time yet. @throws {Refusal} 401 when one has to log in again. */
  token = async () => {
    if (Date.now() > this.#claims.exp * 1000 - SPARE)
      this.#take((await post('token', undefined, this.#token)).token)
    return this.#token
  }

  #take(token) {
    this.#token = token
    const payload = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')
    this.#claims = JSON.parse(atob(payload))
  }
}
