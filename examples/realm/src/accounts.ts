/**
 * Who may log in, and the tokens they get.
 * @module
 */
import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'
import { signJwt } from '@unisock/plugin-rest'

const TOKEN_SECONDS = 3600
const KEY_BYTES = 32

interface Account {
  readonly salt: Buffer
  readonly key: Buffer
  readonly roles: readonly string[]
}

export class Accounts {
  readonly #accounts = new Map<number, Account>()
  /** Signs and verifies tokens; given to REST_JWT_SECRET. */
  readonly secret: string

  constructor(secret = randomBytes(32).toString('hex')) {
    this.secret = secret
  }

  add(player: number, password: string, roles: readonly string[] = []): void {
    const salt = randomBytes(16)
    this.#accounts.set(player, { salt, key: scryptSync(password, salt, KEY_BYTES), roles })
  }

  remove(player: number): void {
    this.#accounts.delete(player)
  }

  has(player: number): boolean {
    return this.#accounts.has(player)
  }

  isAdmin(player: number): boolean {
    return this.#accounts.get(player)?.roles.includes('admin') === true
  }

  verify(player: number, password: string): boolean {
    const account = this.#accounts.get(player)
    // Hashing for unknown players too keeps the time from telling who exists.
    const key = scryptSync(password, account?.salt ?? Buffer.alloc(16), KEY_BYTES)
    return account !== undefined && timingSafeEqual(key, account.key)
  }

  /** A token for the player; undefined when the password is wrong. */
  login(player: number, password: string): string | undefined {
    return this.verify(player, password) ? this.renew(player) : undefined
  }

  /** A token for who has shown one that is still good; undefined when the account is gone. */
  renew(player: number): string | undefined {
    const account = this.#accounts.get(player)
    if (!account) return undefined
    return signJwt(
      { sub: String(player), roles: account.roles },
      { secret: this.secret, expiresIn: TOKEN_SECONDS },
    )
  }
}
