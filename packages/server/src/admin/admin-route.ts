/** What routes of the admin API are made of: the application they are added to, their rules, and the problems they give. */
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { AccessRule } from './access.ts';
import * as schemas from './schemas.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may use the route; one without it cannot be registered. */
    access?: AccessRule;
    /** Whether it answers when the server behind it has ended. */
    worksAlways?: true;
  }
}

/** The application that routes are added to. */
export type AdminApp = FastifyInstance<HttpServer, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>;

/** The rule of every route under `/v1`: it asks for the token. */
export const operator = { access: 'operator' } as const;

/** Part of the schema of such a route. */
export const secured = { security: [{ token: [] }] };

/** Answers with the problems that every route may give. */
export function responses<const Responses extends object>(given: Responses) {
  return { ...given, '4xx': schemas.problem, '5xx': schemas.problem };
}
