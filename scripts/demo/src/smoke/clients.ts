import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from '@modelcontextprotocol/client';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { MemoryProvider } from './memory-provider.ts';
import { type OwnerAnswers, ownerApproves } from './owner-approves.ts';

/** What a tool answered. */
export interface ToolAnswer {
  text: string;
  structured: Record<string, unknown>;
  isError: boolean;
}

/** A connected client, whichever generation of the SDK it is. */
export interface McpClient {
  /** The protocol revision that both sides agreed on. */
  readonly protocol: string;
  listTools(): Promise<string[]>;
  call(name: string, args: Record<string, unknown>): Promise<ToolAnswer>;
  close(): Promise<void>;
}

/** Names of the two generations, as this project tests them. */
export const GENERATIONS = ['SDK 1.x', 'SDK 2.x'] as const;
export type Generation = (typeof GENERATIONS)[number];

/** The steps of a first connection, one after the other, so that each can be timed and checked. */
export interface Connector {
  /** Connects without a token: discovers the authorization server, registers, and returns where the owner is to be sent. */
  discover(): Promise<URL>;
  /** Redeems what the owner's browser brought back. */
  redeem(callback: URL): Promise<void>;
  connect(): Promise<McpClient>;
}

/** A connector of the given generation, unchanged as published; `fetch` may look at what it sends. */
export function connector(
  generation: Generation,
  mcpUrl: string,
  provider: MemoryProvider,
  fetch?: typeof globalThis.fetch,
): Connector {
  return generation === 'SDK 1.x' ? connector1(mcpUrl, provider, fetch) : connector2(mcpUrl, provider, fetch);
}

/** All steps of a first connection in one, with the owner's answers. */
export async function connectAs(
  generation: Generation,
  mcpUrl: string,
  provider: MemoryProvider,
  owner: OwnerAnswers,
  fetch?: typeof globalThis.fetch,
): Promise<McpClient> {
  const steps = connector(generation, mcpUrl, provider, fetch);
  const { callback } = await ownerApproves(await steps.discover(), owner);
  await steps.redeem(callback);
  return steps.connect();
}

function connector1(mcpUrl: string, provider: MemoryProvider, fetch?: typeof globalThis.fetch): Connector {
  const transport = () => new Transport1(new URL(mcpUrl), { authProvider: provider, ...(fetch && { fetch }) });
  const client = () => new Client1({ name: 'arleo-smoke', version: '1.0.0' });
  let first: Transport1 | undefined;
  return {
    discover: async () => {
      first = transport();
      return refusedFor(provider, client().connect(first));
    },
    redeem: async (callback) => {
      await (first ?? transport()).finishAuth(callback.searchParams.get('code') ?? '');
    },
    connect: async () => {
      const connected = client();
      const wire = transport();
      await connected.connect(wire);
      return {
        protocol: wire.protocolVersion ?? 'unknown',
        listTools: async () => (await connected.listTools()).tools.map((tool) => tool.name),
        call: async (name, args) => toAnswer(await connected.callTool({ name, arguments: args })),
        close: () => connected.close(),
      };
    },
  };
}

function connector2(mcpUrl: string, provider: MemoryProvider, fetch?: typeof globalThis.fetch): Connector {
  const transport = () => new Transport2(new URL(mcpUrl), { authProvider: provider, ...(fetch && { fetch }) });
  const client = () => new Client2({ name: 'arleo-smoke', version: '2.0.0' }, { versionNegotiation: { mode: 'auto' } });
  let first: Transport2 | undefined;
  return {
    discover: async () => {
      first = transport();
      return refusedFor(provider, client().connect(first));
    },
    redeem: async (callback) => {
      await (first ?? transport()).finishAuth(callback.searchParams);
    },
    connect: async () => {
      const connected = client();
      await connected.connect(transport());
      return {
        protocol: connected.getNegotiatedProtocolVersion() ?? 'unknown',
        listTools: async () => (await connected.listTools()).tools.map((tool) => tool.name),
        call: async (name, args) => toAnswer(await connected.callTool({ name, arguments: args })),
        close: () => connected.close(),
      };
    },
  };
}

async function refusedFor(provider: MemoryProvider, connecting: Promise<unknown>): Promise<URL> {
  try {
    await connecting;
  } catch (error) {
    if (provider.authorizationUrl) return provider.authorizationUrl;
    throw error;
  }
  throw new Error('the server let a client in without a token');
}

function toAnswer(result: unknown): ToolAnswer {
  const {
    content = [],
    structuredContent = {},
    isError = false,
  } = result as {
    content?: { type: string; text?: string }[];
    structuredContent?: Record<string, unknown>;
    isError?: boolean;
  };
  return { text: content.map((part) => part.text ?? '').join('\n'), structured: structuredContent, isError };
}
