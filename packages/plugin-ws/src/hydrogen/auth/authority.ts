/**
 * Three layers of authentication: what opens a connection, what says who its user is, and what each command has to show.
 * @module
 */
import type { PluginSocket } from '@unisock/kernel/plugin'
import type { KeyRing } from '../../auth/keys.ts'
import { type ServerAuth, WS_AUTH } from '../../options/index.ts'
import type { Authenticity } from '../../server/authenticator.ts'
import { type Credentials, isKeyScheme } from '../../server/credentials.ts'
import type { Verdicts } from '../../server/verdicts.ts'
import type { CommandEnvelope } from '../envelope/types.ts'
import type { HydrogenErrorCode } from '../errors.ts'
import { HYDROGEN_KEYS, HYDROGEN_SIGNING, HYDROGEN_VERIFY } from '../options/auth.ts'
import { readSettings } from '../options/read-settings.ts'
import type { ActionSettings, HydrogenSettings } from '../settings.ts'
import { type AdmittedIdentity, identityOf, identityOfClaims } from './identity.ts'
import { ANONYMOUS, CLIENT, type KeyHolder, keyRing } from './key-holders.ts'
import { Permissions } from './permissions.ts'
import { SignatureVerifier } from './signature.ts'
import { isExpired, TokenCheck, type Verified } from './token-check.ts'
import { UsedSignatures } from './used-signatures.ts'

/** A client that may connect. Without an identity it has yet to show a token. */
export interface Admitted {
  readonly identity?: AdmittedIdentity | undefined
}

export interface AuthorityOptions {
  /** Milliseconds since 1970. */
  wallClock?: () => number
}

export class Authority {
  readonly #socket: PluginSocket
  readonly #verdicts: Verdicts
  readonly #wallClock: () => number
  readonly #signatures: SignatureVerifier
  /** Of identities that have sent commands. */
  readonly #permissions = new WeakMap<AdmittedIdentity, Permissions>()
  readonly #used: UsedSignatures
  #settings!: HydrogenSettings
  #keys!: KeyRing<KeyHolder>
  #tokens!: TokenCheck
  #firstMessage = false
  #secret: string | undefined

  /** @throws {SocketError} `EINVAL` naming the option that does not fit. */
  constructor(socket: PluginSocket, verdicts: Verdicts, { wallClock = Date.now }: AuthorityOptions = {}) {
    this.#socket = socket
    this.#verdicts = verdicts
    this.#wallClock = wallClock
    const { window = 60 } = socket.option(HYDROGEN_SIGNING)
    this.#signatures = new SignatureVerifier({ window: window * 1000, wallClock })
    this.#used = new UsedSignatures(socket.store, `hydrogen:${socket.fd}:signature:`, window * 1000)
    this.refresh()
  }

  /** Reads the options again: they hold for handshakes, tokens and commands to come. @throws {SocketError} `EINVAL` */
  refresh(settings: HydrogenSettings = readSettings(this.#socket)): void {
    const verify = this.#socket.option(HYDROGEN_VERIFY) ?? {}
    this.#tokens = new TokenCheck(verify, this.#socket, this.#verdicts)
    this.#keys = keyRing(this.#socket.option(HYDROGEN_KEYS))
    this.#firstMessage = verify.firstMessage ?? false
    this.#secret = this.#socket.option(HYDROGEN_SIGNING).secret
    this.#settings = settings
  }

  /** Why nobody could ever connect; undefined where somebody can. */
  fault(): string | undefined {
    const auth = this.#socket.option(WS_AUTH) as ServerAuth | undefined
    if (!this.#settings.authRequired || this.#keys.size > 0 || this.#tokens.able || auth) return undefined
    return 'authentication is required, and there is nothing to show: set HYDROGEN_KEYS (441), HYDROGEN_VERIFY (442) or WS_AUTH (128), or HYDROGEN_VERIFY to { required: false }'
  }

  /**
   * Layer 1, before the 101.
   *
   * @param authentic What WS_AUTH has found out, where it is set.
   */
  async handshake(
    shown: Credentials | undefined,
    authentic?: Authenticity,
  ): Promise<Admitted | HydrogenErrorCode> {
    const holder = shown && isKeyScheme(shown.scheme) ? this.#keys.find(shown.token) : undefined
    if (holder) return this.#admit(holder)
    if (authentic?.authValid) return this.#authentic(authentic)
    if (shown) return this.#admitToken(shown)
    if (!this.#settings.authRequired) return { identity: ANONYMOUS }
    return this.#firstMessage ? {} : 'key_missing'
  }

  /** Layer 2: whose a token is that a message shows. A key that names its user is one too. */
  async verify(token: string): Promise<AdmittedIdentity | HydrogenErrorCode> {
    return this.#verify(token)
  }

  /**
   * Layer 3: what is against running a command; a promise only where it shows a token of which the program is asked.
   *
   * @param dataText The JSON text of its `data` as it came; empty without.
   * @param now Milliseconds since 1970.
   */
  command(
    envelope: CommandEnvelope,
    dataText: string,
    identity: AdmittedIdentity,
    now: number,
  ): HydrogenErrorCode | undefined | Promise<HydrogenErrorCode | undefined> {
    const { channel, action, auth } = envelope
    if (isExpired(identity, now)) return 'token_expired'
    const asked = this.#settings.action(channel, action)
    if (!this.#permits(identity, asked, channel, action)) return 'forbidden'
    if (auth?.token === undefined)
      return asked.token ? 'token_missing' : this.#signature(envelope, dataText, identity, asked)
    const verified = this.#verify(auth.token)
    if (verified instanceof Promise)
      return verified.then(
        found => faultOf(found, identity) ?? this.#signature(envelope, dataText, identity, asked),
      )
    return faultOf(verified, identity) ?? this.#signature(envelope, dataText, identity, asked)
  }

  /** Whether somebody has a permission, a `channel:action`. */
  holds(identity: AdmittedIdentity, permission: string): boolean {
    return this.#heldBy(identity).allowsNamed(permission)
  }

  #admit({ identity, shared }: KeyHolder): Admitted {
    return shared && this.#tokens.able ? {} : { identity }
  }

  #authentic({ identity }: Authenticity): Admitted | HydrogenErrorCode {
    if (identity === undefined) return this.#admit({ identity: CLIENT, shared: true })
    const found = 'user' in identity ? this.#read(identity) : identityOfClaims(identity)
    return found ? { identity: found } : 'server_error'
  }

  #read(said: Readonly<Record<string, unknown>>): AdmittedIdentity | undefined {
    try {
      return identityOf(said)
    } catch (error) {
      this.#socket.log('error', 'WS_AUTH: the function returned no identity', {
        reason: (error as Error).message,
      })
      return undefined
    }
  }

  async #admitToken({ token, scheme }: Credentials): Promise<Admitted | HydrogenErrorCode> {
    if (!this.#tokens.able) return this.#settings.authRequired ? 'key_invalid' : { identity: ANONYMOUS }
    const found = await this.#tokens.check(token, scheme, this.#wallClock())
    return typeof found === 'string' ? found : { identity: found }
  }

  #verify(token: string): Verified | Promise<Verified> {
    const holder = this.#keys.find(token)
    if (holder) return this.#admit(holder).identity ?? 'token_invalid'
    return this.#tokens.check(token, 'message', this.#wallClock())
  }

  #permits(
    identity: AdmittedIdentity,
    { permission }: ActionSettings,
    channel: string,
    action: string,
  ): boolean {
    if (permission === null) return true
    if (permission !== undefined) return this.holds(identity, permission)
    return this.#heldBy(identity).allows(channel, action)
  }

  #heldBy(identity: AdmittedIdentity): Permissions {
    let held = this.#permissions.get(identity)
    if (held === undefined) {
      held = new Permissions(identity.permissions)
      this.#permissions.set(identity, held)
    }
    return held
  }

  #signature(
    { id, timestamp = '', channel, action, auth }: CommandEnvelope,
    data: string,
    { signingSecret = this.#secret }: AdmittedIdentity,
    { signed }: ActionSettings,
  ): HydrogenErrorCode | undefined | Promise<HydrogenErrorCode | undefined> {
    if (!signed) return undefined
    const signature = auth?.signature
    if (signature === undefined) return 'signature_missing'
    if (signingSecret === undefined) return 'signature_invalid'
    const fault = this.#signatures.verify(signingSecret, { id, timestamp, channel, action, data }, signature)
    return fault ?? this.#used.note(signature)
  }
}

/** A token in a command has to be its session's user's. */
function faultOf(found: Verified, { user }: AdmittedIdentity): HydrogenErrorCode | undefined {
  if (typeof found === 'string') return found
  return found.user === user ? undefined : 'token_invalid'
}
