/**
 * Who may connect, who may do what, and proof of who asks.
 * @module
 */
export { type Admitted, Authority, type AuthorityOptions } from './authority.ts'
export type { AdmittedIdentity, Identity } from './identity.ts'
export { Permissions } from './permissions.ts'
export {
  type SignatureFault,
  type SignatureOptions,
  SignatureVerifier,
  type SignedParts,
  sign,
} from './signature.ts'
