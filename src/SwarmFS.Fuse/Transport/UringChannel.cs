using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SwarmFS.Fuse;

/// <summary>
/// Requests through io_uring (Documentation/filesystems/fuse-io-uring.rst, Linux 6.14): a queue and a thread for each processor. What the kernel still says over /dev/fuse (forgetting,
/// interrupts) and all notifications go over the device.
/// </summary>
internal sealed class UringChannel : FuseChannel
{
    /// <summary>Pages of the largest READ: an entry of each queue has room for one, so 64 of 128 KiB for each processor, touched when used.</summary>
    public const int MaxPages = 32;

    /// <summary>READs of read-ahead at once: a quarter of one processor's entries stays for programs that wait.</summary>
    public const int MaxBackground = 48;

    private const string Processors = "/sys/devices/system/cpu/possible";

    // More queues than that is a machine that this was never tried on.
    private const int MaxProcessors = 64;

    private readonly DevChannel _device;
    private readonly UringQueue[] _queues;
    private readonly Action<Errno> _failed;

    private UringChannel(DevChannel device, UringQueue[] queues, Action<Errno> failed) => (_device, _queues, _failed) = (device, queues, failed);

    /// <summary>Makes the rings, before the kernel is told that they will be used: from then on it waits for them. Null where there are none to be had.</summary>
    /// <param name="failed">Called when a ring fails: its owner has to abort the connection, or some programs wait for ever.</param>
    public static UringChannel? TryOpen(DevChannel device, Action<Errno> failed)
    {
        if (CountProcessors() is not (> 0 and <= MaxProcessors and var count)) return null;
        var queues = new List<UringQueue>(count);
        while (queues.Count < count && UringQueue.TryOpen(queues.Count) is { } queue) queues.Add(queue);
        if (queues.Count == count) return new UringChannel(device, [.. queues], failed);
        foreach (var queue in queues) queue.Dispose();
        return null;
    }

    // "0-3": the kernel has a queue for each that there may ever be.
    private static int CountProcessors()
    {
        var last = File.Exists(Processors) ? File.ReadAllText(Processors).Trim().Split('-', ',')[^1] : "";
        return int.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number + 1 : 0;
    }

    public override int Receive(Span<byte> buffer, out Errno errno) => _device.Receive(buffer, out errno);

    public override void Start(FuseDispatcher dispatcher, int readers, Action<FuseEnd, Errno> ended)
    {
        foreach (var queue in _queues) queue.Start(_device.Descriptor, dispatcher, _failed);
        _device.Start(dispatcher, readers: 1, ended);
    }

    public override Errno Send(ReadOnlySpan<byte> message)
    {
        var header = MemoryMarshal.Read<FuseOutHeader>(message);
        return TryAnswer(header, message[Unsafe.SizeOf<FuseOutHeader>()..]) ? 0 : _device.Send(message);
    }

    public override Errno Send(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
        var header = MemoryMarshal.Read<FuseOutHeader>(head);
        var isAnswer = head.Length == Unsafe.SizeOf<FuseOutHeader>();
        return isAnswer && TryAnswer(header, body) ? 0 : _device.Send(head, body);
    }

    private bool TryAnswer(in FuseOutHeader header, ReadOnlySpan<byte> payload)
    {
        if (header.Unique == 0) return false;
        foreach (var queue in _queues)
        {
            if (queue.TryAnswerInHand(header, payload)) return true;
        }
        foreach (var queue in _queues)
        {
            if (queue.TryAnswerParked(header, payload)) return true;
        }
        return false;
    }

    public override int OpenBacking(int fd) => _device.OpenBacking(fd);

    public override Errno CloseBacking(int backingId) => _device.CloseBacking(backingId);

    /// <summary>Closes the rings, which the kernel does not want, and gives back the device.</summary>
    public DevChannel WithoutRings()
    {
        foreach (var queue in _queues) queue.Dispose();
        return _device;
    }

    public override void Dispose() => WithoutRings().Dispose();
}
