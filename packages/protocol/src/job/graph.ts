/**
 * A graph of declared ops as a job carries it. What is checked here is its size and its form; that its ops exist and fit
 * together is for the kernels to say, on the machine that is to run it.
 */
import { z } from 'zod';

/** Parameters, and the data. */
const MAX_INPUTS = 8192;
/** Differentiation makes about three times as many. */
const MAX_NODES = 16_384;
const MAX_OPERANDS = 1024;

const name = z.string().min(1).max(4096);
const opName = z.string().regex(/^[a-zA-Z0-9]{1,64}$/);
const valueId = z.int().nonnegative();
const tensorType = z.strictObject({
  dtype: z.enum(['f32', 'i32']),
  shape: z.array(z.int().positive()).max(8),
});
const attribute = z.union([z.number(), z.boolean(), z.string().max(256), z.array(z.number()).max(64)]);

export const graphSchema = z.strictObject({
  inputs: z.array(z.strictObject({ name, type: tensorType, role: z.enum(['parameter', 'data']) })).max(MAX_INPUTS),
  nodes: z
    .array(
      z.strictObject({
        op: opName,
        inputs: z.array(valueId).max(MAX_OPERANDS),
        attributes: z.record(opName, attribute).refine((attributes) => Object.keys(attributes).length <= 16),
        output: tensorType,
      }),
    )
    .max(MAX_NODES),
  outputs: z.array(z.strictObject({ name, value: valueId })).max(MAX_INPUTS),
});

export const parameterSchema = z.strictObject({
  name,
  shape: z.array(z.int().positive()).max(8),
  decay: z.boolean(),
  update: z.enum(['optimizer', 'statistic', 'frozen']),
});
export const parametersSchema = z.array(parameterSchema).max(MAX_INPUTS);
