/**
 * Who may connect, who may do what, and proof of who asks.
 * @module
 */
export { equalSecrets, type Identity, KeyRing, keyOf } from './keys.ts'
export { Permissions } from './permissions.ts'
export {
  type SignatureFault,
  type SignatureOptions,
  SignatureVerifier,
  type SignedParts,
  sign,
} from './signature.ts'
