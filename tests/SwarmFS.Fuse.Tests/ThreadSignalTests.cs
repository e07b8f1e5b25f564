namespace SwarmFS.Fuse.Tests;

public sealed class ThreadSignalTests
{
    [Fact]
    public void Signals_before_the_wait_count_as_one_and_are_not_lost()
    {
        using var signal = ThreadSignal.TryOpen()!;
        signal.Set();
        signal.Set();
        signal.Wait();
        using var woken = new ManualResetEventSlim();
        var waiter = new Thread(() =>
        {
            signal.Wait();
            woken.Set();
        })
        { IsBackground = true };
        waiter.Start();
        woken.Wait(100, TestContext.Current.CancellationToken).ShouldBeFalse("both signals were taken by the first wait");

        signal.Set();

        woken.Wait(10_000, TestContext.Current.CancellationToken).ShouldBeTrue();
        waiter.Join();
    }

    [Fact]
    public void After_its_end_a_signal_writes_to_nobody()
    {
        var signal = ThreadSignal.TryOpen()!;
        signal.Dispose();
        // What has the descriptor's number now must not get eight bytes.
        using var file = File.OpenHandle(Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite, options: FileOptions.DeleteOnClose);

        signal.Set();

        RandomAccess.GetLength(file).ShouldBe(0);
    }
}
