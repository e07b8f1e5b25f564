using SwarmFS.Core;
using SwarmFS.Testing;
using SwarmFS.Testing.Contracts;

namespace SwarmFS.Store.Tests;

public sealed class BlockStoreKeepsTheContract : BlockStoreContract, IDisposable
{
    private readonly StoreFixture _fixture = new();

    protected override IBlockStore Store => _fixture.Store;

    public void Dispose() => _fixture.Dispose();
}

public sealed class MemoryBlockStoreKeepsTheContract : BlockStoreContract
{
    protected override IBlockStore Store { get; } = new MemoryBlockStore();
}
