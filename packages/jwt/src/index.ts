/**
 * JSON Web Tokens (RFC 7519): making and checking them.
 * @module
 */
export { JWT_SCHEMA } from './schema.ts'
export { type SignJwtOptions, signJwt } from './sign.ts'
export { type Claims, JWT_ALGORITHMS, type Jwk, type JwtAlgorithm, type JwtConfig } from './types.ts'
export { createVerifier, isShortSecret, type Verdict, type Verifier } from './verify.ts'
