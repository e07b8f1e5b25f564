using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SwarmFS.Fuse;

/// <summary>
/// How the kernel schedules a thread that answers requests. It runs for some microseconds at a time while a program waits, so it asks for a short slice (sched_attr's runtime for ordinary
/// threads, Linux 6.12): then it need not wait until whoever has the processor has used up his. A program that copied 5,000 cold files on two busy cores
/// waited a sixth less for answers (in two of three series of ten copies; in the third no less). Where the kernel does not know it, everything works as it would without.
/// </summary>
internal static unsafe class ReaderScheduling
{
    /// <summary>The least that the kernel takes.</summary>
    private const ulong SliceNanoseconds = 100_000;

    private const int SetAttributesX64 = 314;
    private const int SetAttributesArm64 = 274;

    /// <summary>For the calling thread.</summary>
    public static void AskForShortSlices()
    {
        var call = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? SetAttributesArm64 : SetAttributesX64;
        var attributes = new Libc.SchedulingAttributes { Size = (uint)Unsafe.SizeOf<Libc.SchedulingAttributes>(), Nice = Libc.GetPriority(0, 0), Runtime = SliceNanoseconds };
        _ = Libc.SystemCall(call, 0, (nint)(&attributes), 0, 0, 0, 0);
    }
}
